"""The tutorials of a regularizer, a question and data of one's own, run as they stand in `docs/`."""

import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy import special, stats

from pipeline import toy
from pipeline.params.toy import CANDIDATES
from tests.pipeline.clone import MEASURED, READING_ALL, VARIANTS, Clone
from tests.pipeline.tutorials import DOCS, block, changes, commands, edit, error, follow, ranking

# ---- a regularizer ----


def test_a_regularizer_from_the_file_to_a_row_in_the_report(clone: Clone) -> None:
    page, name = "your-own-regularizer.md", "confidence_penalty"
    file = block(page, "python")
    (path,) = re.findall(r"^# (\S+)$", file.splitlines()[0])
    (clone.root / path).write_text(file, encoding="utf-8")
    before = clone.contents("results/runs")
    edit(clone, page)
    assert clone.due() == {f"variant@{name}"} | MEASURED  # as most tests compute it; here DVC runs it
    assert set(follow(clone, page)) == {f"variant@{name}"} | READING_ALL
    after = clone.contents("results/runs")
    assert {at: after[at] for at in before} == before  # nothing else was trained
    labels = np.load(clone.root / "data" / "images" / "mnist" / "test_labels.npy")
    shown = float(ranking(clone, "small")[name][0].split()[0])
    assert shown == pytest.approx(error(clone, "small", name, labels), abs=0.00501)
    strengths = dict(changes(page))[f"variants.{name}"][name]["strength"][:CANDIDATES]
    tried = clone.cells(name)[f"small/{name}"]["trials"]
    assert [run["regularizers"][name]["strength"] for run in tried] == strengths
    tags = [run.data.tags for run in clone.logged("run")]
    assert sum(one["variant"] == name for one in tags) == clone.replicates("small")


def test_its_loss_is_cross_entropy_less_entropy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two images and three classes, worked out from the probabilities."""
    (tmp_path / "written_here.py").write_text(block("your-own-regularizer.md", "python"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    method = importlib.import_module("written_here").ConfidencePenalty
    p = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    expected = np.mean(-np.log([0.2, 0.5]) - 0.3 * special.entr(p).sum(axis=1))
    loss = method(strength=0.3).loss()
    found = loss(np.array([1, 2]), np.log(p).astype(np.float32) + 4)  # logits, to a constant
    assert float(found) == pytest.approx(expected, rel=1e-5)


# ---- a question ----


def written(clone: Clone, page: str) -> set[str]:
    """Write the files of a page, which names them in their first lines or below; return their paths."""
    text = (DOCS / page).read_text("utf-8")
    files = re.findall(r"^```python\n(# (\S+)\n.+?)^```$", text, re.M | re.S)
    (template,) = re.findall(r"^```jinja\n(.+?)^```$", text, re.M | re.S)
    (place,) = re.findall(r"^The template is `(\S+)`", text, re.M)
    for content, path in (*files, (template, place)):
        (clone.root / path).parent.mkdir(exist_ok=True)
        (clone.root / path).write_text(content, encoding="utf-8")
    return {path for _, path in files} | {place}


def test_a_question_from_the_folder_to_a_verdict_on_the_page(clone: Clone) -> None:
    page, name = "your-own-question.md", "confidence"
    before, trained = clone.contents("reports/questions"), clone.rows("baseline")
    assert {Path(path).parent for path in written(clone, page)} == {Path("pipeline/questions") / name}
    clone.edit({f"questions.{name}": YAML(typ="safe").load(block(page, "yaml"))["questions"][name]})
    ended = [clone.run(*command).succeeded() for command in commands(page)]
    assert "Traceback" not in ended[-1].output + ended[-1].errors
    assert set(ended[-1].ran) == {"prepare", "plan", "baseline", "evaluate", f"question@{name}", "report"}
    # What was there is taken over; what the question asks for is new.
    rows = clone.rows("baseline")
    splits, inits = clone.grid("small")
    assert {key: row["final"] for key, row in rows.items() if key in trained} == {
        key: row["final"] for key, row in trained.items()
    }
    assert len(rows) == len(trained) + splits * inits
    assert f"baseline: {len(trained)} of {len(rows)} runs taken over" in ended[-1].output
    after = clone.contents("reports/questions")
    assert {path: after[path] for path in before} == before
    # The verdict, found again from the logits.
    labels = np.load(clone.root / "data" / "images" / "mnist" / "test_labels.npy")
    excess = []
    for cell in ("small/baseline", "small/baseline/confidence/longer"):
        p = special.softmax(clone.arrays("baseline", cell, "logits").astype(float), axis=-1)
        by_run = 100 * (p.max(axis=-1).mean(axis=-1) - (p.argmax(axis=-1) == labels).mean(axis=-1))
        excess.append(by_run.reshape(splits, inits).mean(axis=1))
    rise = excess[1] - excess[0]
    evidence = pd.read_csv(clone.root / "reports" / "questions" / name / "evidence.csv")
    assert evidence.estimate.tolist() == pytest.approx([rise.mean()])
    assert evidence.p_value.tolist() == pytest.approx([stats.ttest_1samp(rise, 0).pvalue])
    report = (clone.root / "reports" / "report.md").read_text("utf-8")
    assert "### How sure is a network of itself?" in report
    assert "Longer training makes a network surer of itself than it is right." in report
    clone.python("pipeline", "verify").succeeded()
    # Without its folder its section is an unknown key; without that too, nothing of it is left.
    shutil.rmtree(clone.root / "pipeline" / "questions" / name)
    (line,) = clone.run("dvc", "repro").complaints
    assert line.startswith("error: params.yaml: questions.confidence: unknown key, expected one of ")
    clone.edit({f"questions.{name}": ...})
    clone.run("dvc", "repro").succeeded()
    assert clone.rows("baseline").keys() == trained.keys()
    assert "How sure is" not in (clone.root / "reports" / "report.md").read_text("utf-8")


# ---- data ----


def draw(clone: Clone, seed: int = 0) -> dict[str, np.ndarray]:
    """Run the program of the page, and read what it left."""
    program = block("your-own-data.md", "python")
    assert "default_rng(0)" in program
    clone.run(sys.executable, "-c", program.replace("default_rng(0)", f"default_rng({seed})")).succeeded()
    with np.load(clone.root / "datasets" / "shapes.npz") as arrays:
        return dict(arrays)


def adapt(clone: Clone) -> dict[str, Any]:
    """Run `adapt` as the page says, on parameters that are committed; return the settings at toy size."""
    clone.run("git", "commit", "--quiet", "--no-verify", "--message", "toy", "params.yaml").succeeded()
    clone.run(*commands("your-own-data.md")[0]).succeeded()
    toy.shrink(clone.root / "params.yaml")
    settings: dict[str, Any] = clone.yaml("params.yaml")["settings"]
    return settings


def test_own_data_from_the_file_to_the_report(clone: Clone) -> None:
    made = draw(clone)
    settings = adapt(clone)
    assert [*settings] == ["small", "noisy", "conv"]
    trained = {"baseline", *(f"variant@{name}" for name in clone.yaml("params.yaml")["variants"])}
    assert trained == {"baseline", *(f"variant@{name}" for name in VARIANTS)}
    _, repro = commands("your-own-data.md")
    ended = clone.run(*repro).succeeded()
    assert "Traceback" not in ended.output + ended.errors
    assert "Warning" not in ended.errors
    assert set(ended.ran) == {"prepare", "plan"} | trained | MEASURED
    (folder,) = (clone.root / "data" / "images").iterdir()
    prepared = {name: np.load(folder / f"{name}.npy") for name in made}
    assert np.array_equal(prepared["train_images"], np.floor(255 * made["train_images"] + 0.5))
    assert np.array_equal(prepared["train_labels"], made["train_labels"])
    assert prepared["test_images"].shape == (2000, 16, 16, 3)
    assert np.bincount(prepared["test_labels"]).tolist() == np.bincount(made["test_labels"]).tolist()
    for setting in settings:
        shown = ranking(clone, setting)
        listed = settings[setting]["variants"]
        assert set(shown) == {"baseline", "tuned_baseline", *(VARIANTS if listed == "all" else listed)}
        for variant, cells in shown.items():
            expected = error(clone, setting, variant, prepared["test_labels"])
            assert float(cells[0].split()[0]) == pytest.approx(expected, abs=0.00501)
    assert error(clone, "small", "tuned_baseline", prepared["test_labels"]) < 60  # guessing errs on 67 %
    page = (clone.root / "reports" / "report.md").read_text("utf-8")
    said = "`datasets/shapes.npz`: 6,000 training and 2,000 test images of 16 x 16 x 3, 3 classes"
    assert f"| data | {said} |" in page
    assert "it has 2,000 images" in page
    assert re.findall(r"\b(?:nan|inf|None(?! of)|null)\b", page) == []
    # The same file is not read again; another one is, and changes every run.
    assert clone.run("dvc", "repro").succeeded().ran == []
    before = keys(clone)
    draw(clone, seed=1)
    assert clone.run("dvc", "repro", "plan").succeeded().ran == ["prepare", "plan"]
    assert not before & keys(clone)


def keys(clone: Clone) -> set[str]:
    """The key of every planned run."""
    plans = (clone.root / "results" / "plan").glob("*.json")
    return {key for path in plans for key in re.findall(r'"key": *"(\w+)"', path.read_text("utf-8"))}


def test_another_file_in_the_folder_trains_nothing(clone: Clone) -> None:
    before = keys(clone)
    assert before
    (clone.root / "datasets" / "notes.txt").write_text("of another project", encoding="utf-8")
    assert clone.run("dvc", "repro").succeeded().ran == ["prepare"]
    assert keys(clone) == before


FAULT = "datasets/shapes.npz: train_labels: expected a label for each of the 6000 images of train_images, "


@pytest.mark.parametrize("fault", ["data", "size"])
def test_a_fault_is_a_line_and_nothing_is_trained(clone: Clone, fault: str) -> None:
    made = draw(clone)
    adapt(clone)
    if fault == "data":
        made["train_labels"] = made["train_labels"][:-1]
        np.savez(clone.root / "datasets" / "shapes.npz", **made)  # type: ignore[arg-type]
        expected = f"error: {FAULT}received 5999; check that the two belong together"
    else:
        clone.edit({"settings.small.train_size": 1500})
        expected = (
            "error: params.yaml: settings.small.train_size: expected 4 training sets, tuning included, "
            "of at most 4800 images together, received 4 x 1500 = 6000"
        )
    ended = clone.run("dvc", "repro")
    assert ended.code != 0
    assert ended.ran == ["prepare"]
    assert expected in ended.complaints
    assert "Traceback" not in ended.output + ended.errors
