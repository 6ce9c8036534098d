"""What runs again after a change, and what does not: real stages, real DVC, a copy for every test."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.pipeline.clone import MEASURED, Clone


def test_nothing_runs_again_when_nothing_changed(clone: Clone) -> None:
    before = clone.contents("data", "results", "reports") | {"lock": (clone.root / "dvc.lock").read_bytes()}
    ended = clone.run("dvc", "repro").succeeded()
    assert ended.ran == []
    assert "Data and pipelines are up to date." in ended.output
    assert "Data and pipelines are up to date." in clone.run("dvc", "status").succeeded().output
    after = clone.contents("data", "results", "reports") | {"lock": (clone.root / "dvc.lock").read_bytes()}
    assert before == after


def numbers(rows: dict[str, dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    """What the runs gave, by their labels, without the keys."""
    return sorted((str(labels(row["run"])), row["final"], row["history"]) for row in rows.values())


def labels(run: dict[str, Any]) -> list[Any]:
    return [run[name] for name in ("setting", "variant", "question", "label", "trial", "split", "init")]


def test_a_line_of_a_regularizer_concerns_the_variants_that_use_it(clone: Clone) -> None:
    with (clone.root / "pipeline" / "regularizers" / "l2.py").open("a", encoding="utf-8") as file:
        file.write("# A comment changes nothing.\n")
    assert clone.due() == set()
    with (clone.root / "pipeline" / "regularizers" / "l2.py").open("a", encoding="utf-8") as file:
        file.write("SEEN = True  # by every variant with L2\n")
    before = {stage: clone.rows(stage) for stage in ("l2", "dropout_l2")}
    variants = ["variant@dropout_l2", "variant@l2"]
    assert clone.due() == {*variants} | MEASURED
    ended = clone.run("dvc", "repro", *variants).succeeded()
    assert sorted(ended.ran) == variants
    assert "taken over" not in ended.output
    for stage, rows in before.items():
        # The line is in the keys, and in nothing else.
        assert not rows.keys() & clone.rows(stage).keys()
        assert numbers(rows) == numbers(clone.rows(stage))


def test_a_stage_forced_again_gives_the_same_bytes_and_no_second_record(clone: Clone) -> None:
    before, files = clone.locked(["variant@l2"]), clone.contents("results/runs/l2")
    children, parents = clone.logged("run"), clone.logged("variant")
    ended = clone.run("dvc", "repro", "--force", "--single-item", "variant@l2").succeeded()
    assert ended.ran == ["variant@l2"]
    assert clone.locked(["variant@l2"]) == before
    assert clone.contents("results/runs/l2") == files
    assert len(clone.logged("run")) == len(children)
    assert len(clone.logged("variant")) == len(parents)
    # What was recorded says the same, and stays, with what people have added to it.
    assert {run.info.run_id for run in clone.logged("run")} == {run.info.run_id for run in children}
    assert clone.run("dvc", "repro").succeeded().ran == []
    clone.python("pipeline", "verify").succeeded()  # its networks are registered as before


def test_a_variant_taken_away_is_gone(clone: Clone) -> None:
    assert (clone.root / "results" / "runs" / "l2").is_dir()
    clone.edit({"variants.l2": ...})
    assert clone.due() == MEASURED  # what is drawn is the same, and nothing is trained
    assert clone.run("dvc", "repro", "evaluate").succeeded().ran == ["evaluate"]
    left = {path.name for path in (clone.root / "results" / "runs").iterdir()}
    kept = {"baseline", "tuned_baseline", "dropout", "dropout_l2"}
    assert left == kept - {"tuned_baseline"}
    reports = clone.root / "reports"
    for name in ("runs", "summary", "curves", "differences", "overview"):
        assert set(pd.read_csv(reports / "tables" / f"{name}.csv").variant) <= kept
    metrics = json.loads((reports / "metrics" / "study.json").read_text(encoding="utf-8"))
    assert metrics["small"].keys() == kept
    assert clone.run("dvc", "repro", "evaluate").succeeded().ran == []


@pytest.mark.parametrize(
    "faults",
    [
        {"variants.l2.l2.strength": -1.0, "variants.dropout.dropout.rate": 1.5},
        {"settings.small.epochs": 0, "settings.small.batch_size": "many"},
    ],
    ids=["variants", "settings"],
)
def test_faulty_parameters_are_a_line_each_and_cost_nothing(clone: Clone, faults: dict[str, object]) -> None:
    text = (clone.root / "params.yaml").read_text(encoding="utf-8")
    before = clone.contents("data/splits", "results/plan", "results/runs", "reports")
    clone.edit(faults)
    ended = clone.run("dvc", "repro")
    assert ended.code != 0
    paths = [line.split(": ")[2] for line in ended.complaints]  # error: params.yaml: path: ...
    assert sorted(paths) == sorted(faults)
    assert "Traceback" not in ended.output + ended.errors
    kept = {path: before[path] for path in before if path.startswith(("results/runs", "reports"))}
    assert clone.contents("results/runs", "reports") == kept
    # And once the file is mended, all is there again without a run.
    (clone.root / "params.yaml").write_text(text, encoding="utf-8")
    assert clone.run("dvc", "repro").succeeded().ran == []
    assert clone.contents("data/splits", "results/plan", "results/runs", "reports") == before


def test_data_that_cannot_be_had_is_one_line_and_nothing_half_done(clone: Clone, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = clone.run("dvc", "repro", "--force", "--single-item", "prepare", MNIST_DIR=str(empty))
    assert ended.code != 0
    (line,) = ended.complaints
    assert f"MNIST_DIR={empty}" in line
    assert "unset MNIST_DIR" in line
    assert "Traceback" not in ended.output + ended.errors
    # DVC takes the outputs of a stage away before it runs; none of them is half written.
    assert not (clone.root / "data" / "images").exists()
    assert not (clone.root / "data" / "splits").exists()
    assert list(empty.iterdir()) == []
    assert clone.run("dvc", "repro").succeeded().ran == []
