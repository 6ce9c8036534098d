"""The two tutorials, run as they stand in `docs/`: a regularizer and data of one's own, to the report."""

import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy import special

from pipeline import toy
from tests.pipeline.clone import MEASURED, TRAINED, VARIANTS, Clone

DOCS = Path(__file__).resolve().parents[2] / "docs"


def block(page: str, language: str) -> str:
    """The one block of a language on a page."""
    (found,) = re.findall(rf"^```{language}\n(.+?)^```$", (DOCS / page).read_text("utf-8"), re.M | re.S)
    return str(found)


def commands(page: str) -> list[list[str]]:
    """The commands of a page, in their order."""
    return [line.removeprefix("$ ").split() for line in block(page, "console").splitlines()]


def changes(page: str) -> Iterator[tuple[str, Any]]:
    """The keys that a page changes in `params.yaml`, as {path: value}."""

    def walk(content: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
        for name, value in content.items():
            at = f"{path}.{name}".lstrip(".")
            # The cells of the map are given whole, and so is a variant.
            whole = at == "probes.map.cells" or path == "variants" or not isinstance(value, Mapping)
            yield from [(at, value)] if whole else walk(value, at)

    return walk(YAML(typ="safe").load(block(page, "yaml")), "")


def edit(clone: Clone, page: str) -> None:
    """Change `params.yaml` as a page says, at toy size."""
    declared = clone.yaml("params.yaml")["settings"]
    edits = {
        at: value
        for at, value in changes(page)
        if not at.startswith("settings.") or at.split(".")[1] in declared
    }
    clone.edit(edits)
    toy.shrink(clone.root / "params.yaml")


def follow(clone: Clone, page: str) -> list[str]:
    """Run the commands of a page; return the stages that the last one ran."""
    ended = [clone.run(*command).succeeded() for command in commands(page)]
    assert not [one for one in ended if "Traceback" in one.output + one.errors or "Warning" in one.errors]
    return ended[-1].ran


def ranking(clone: Clone, setting: str) -> dict[str, list[str]]:
    """The cells of the report's ranking of a setting, by variant."""
    page = (clone.root / "reports" / "report.md").read_text("utf-8")
    section = page.split(f"### Ranking in `{setting}`")[1].split("\n#")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`") and len(row) > 1}


def test_error(clone: Clone, setting: str, variant: str, labels: np.ndarray) -> float:
    """Percent of the test images, mean over the runs, from their logits."""
    logits = np.load(clone.root / f"results/runs/{variant}/{setting}/{variant}/logits.npy")
    return float(100 * (logits.argmax(axis=2) != labels).mean())


test_error.__test__ = False  # type: ignore[attr-defined]


# ---- a regularizer ----


def test_a_regularizer_from_the_file_to_a_row_in_the_report(clone: Clone) -> None:
    page, name = "your-own-regularizer.md", "confidence_penalty"
    file = block(page, "python")
    (path,) = re.findall(r"^# (\S+)$", file.splitlines()[0])
    (clone.root / path).write_text(file, encoding="utf-8")
    before = clone.contents("results/runs")
    edit(clone, page)
    due = clone.due()  # as most tests compute it; here DVC runs it all
    assert set(follow(clone, page)) == {f"variant@{name}"} | MEASURED == due
    after = clone.contents("results/runs")
    assert {at: after[at] for at in before} == before  # nothing else was trained
    labels = np.load(clone.root / "data" / "images" / "test_labels.npy")
    shown = float(ranking(clone, "small")[name][0].split()[0])
    assert shown == pytest.approx(test_error(clone, "small", name, labels), abs=0.00501)
    strengths = dict(changes(page))[f"variants.{name}"][name]["strength"][: toy.CANDIDATES]
    rows = json.loads((clone.root / f"results/runs/{name}/trials.json").read_text("utf-8"))
    assert [row["run"]["regularizers"][name]["strength"] for row in rows] == strengths
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


# ---- data ----


def draw(clone: Clone, seed: int = 0) -> dict[str, np.ndarray]:
    """Run the program of the page, and read what it left."""
    program = block("your-own-data.md", "python")
    assert "default_rng(0)" in program
    clone.run(sys.executable, "-c", program.replace("default_rng(0)", f"default_rng({seed})")).succeeded()
    with np.load(clone.root / "datasets" / "shapes.npz") as arrays:
        return dict(arrays)


def test_own_data_from_the_file_to_the_report(clone: Clone) -> None:
    made = draw(clone)
    edit(clone, "your-own-data.md")
    trained = {"baseline", "tuned_baseline", *(f"variant@{name}" for name in VARIANTS)}
    trained |= {f"probe_runs@{name}" for name in TRAINED}
    assert set(follow(clone, "your-own-data.md")) == {"prepare", "plan"} | trained | MEASURED
    prepared = {name: np.load(clone.root / "data" / "images" / f"{name}.npy") for name in made}
    assert np.array_equal(prepared["train_images"], np.floor(255 * made["train_images"] + 0.5))
    assert np.array_equal(prepared["train_labels"], made["train_labels"])
    assert prepared["test_images"].shape == (2000, 16, 16, 3)
    assert np.bincount(prepared["test_labels"]).tolist() == np.bincount(made["test_labels"]).tolist()
    shown = ranking(clone, "small")
    assert set(shown) == {"baseline", "tuned_baseline", *VARIANTS}
    for variant, cells in shown.items():
        error = test_error(clone, "small", variant, prepared["test_labels"])
        assert float(cells[0].split()[0]) == pytest.approx(error, abs=0.00501)
    assert test_error(clone, "notebook", "baseline", prepared["test_labels"]) < 50  # guessing errs on 67 %
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
    edits = dict(changes("your-own-data.md"))
    wanted = {name: edits[name] for name in ("data.source", "data.validation", "probes.map.cells")}
    own = {"settings.notebook.train_size": 6000, "settings.small.validation_size": 1000}
    clone.edit(wanted | own | {"settings.small.train_size": 400})
    if fault == "data":
        made["train_labels"] = made["train_labels"][:-1]
        np.savez(clone.root / "datasets" / "shapes.npz", **made)  # type: ignore[arg-type]
        expected = f"error: {FAULT}received 5999"
    else:
        clone.edit({"settings.small.train_size": 1500})
        expected = (
            "error: params.yaml: settings.small.train_size: expected 4 training sets, tuning included, "
            "of at most 5000 images together, received 4 x 1500 = 6000"
        )
    ended = clone.run("dvc", "repro")
    assert ended.code != 0
    assert ended.ran == ["prepare"]
    assert expected in ended.complaints
    assert "Traceback" not in ended.output + ended.errors
