"""DVC's own commands on what the pipeline leaves: metrics, parameters, plots, experiments."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.pipeline.clone import QUESTIONS, VARIANTS, Clone, Ended


def table(ended: Ended) -> list[dict[str, str]]:
    """The rows of a command that was asked for CSV."""
    return list(csv.DictReader(io.StringIO(ended.succeeded().output)))


def strengths(clone: Clone) -> list[str]:
    """The strength of every run of the variant `l2` that MLflow has, in their order."""
    place = {"variant": "l2", "setting": "small"}
    recorded = (run for run in clone.logged("run") if run.data.tags.items() >= place.items())
    return sorted(run.data.params["l2.strength"] for run in recorded)


def marks(clone: Clone) -> dict[str, set[tuple[str, str | None]]]:
    """Whether the runs of the variant `l2` are current, and of which experiment they are, by strength."""
    place = {"variant": "l2", "setting": "small"}
    marked: dict[str, set[tuple[str, str | None]]] = {}
    for run in (run for run in clone.logged("run") if run.data.tags.items() >= place.items()):
        mark = run.data.tags["current"], run.data.tags.get("dvc_experiment")
        marked.setdefault(run.data.params["l2.strength"], set()).add(mark)
    return marked


def test_the_metrics_are_shown(toy_clone: Clone) -> None:
    ended = toy_clone.run("dvc", "metrics", "show", "--json").succeeded()
    assert "failed to load" not in ended.errors
    study = json.loads((toy_clone.root / "reports" / "metrics" / "study.json").read_text(encoding="utf-8"))
    shown = {Path(path).stem: file["data"] for path, file in json.loads(ended.output)[""]["data"].items()}
    for setting, variants in study.items():
        for variant, numbers in variants.items():
            assert shown[variant].pop(setting) == pytest.approx(numbers["test_error"], abs=0.0051)
    assert not any(shown.values())
    every = ("dvc", "metrics", "diff", "--all", "--targets", "reports/metrics")
    ended = toy_clone.run(*every).succeeded()
    assert "small.dropout_l2.gap" in ended.output
    assert "measured." in ended.output
    assert "failed to load" not in ended.errors


def test_the_toy_differs_from_the_study_that_is_committed(toy_clone: Clone) -> None:
    parameters = json.loads(toy_clone.run("dvc", "params", "diff", "--json").succeeded().output)[
        "params.yaml"
    ]
    assert parameters["settings.small.epochs"]["new"] == 3
    assert parameters["settings.small.epochs"]["old"] > 3
    metrics = json.loads(toy_clone.run("dvc", "metrics", "diff", "--json").succeeded().output)
    change = metrics["reports/test_error/l2.json"]["small"]
    assert change["diff"] == pytest.approx(change["new"] - change["old"])
    assert change["new"] > change["old"]  # on fewer images, for fewer epochs


def test_the_stages_hang_together(toy_clone: Clone) -> None:
    edges = toy_clone.edges()
    trained = ["baseline", *(f"variant@{name}" for name in VARIANTS)]
    asked = [f"question@{name}" for name in QUESTIONS]
    expected = {("prepare", "plan"), ("prepare", "evaluate"), ("plan", "evaluate"), ("evaluate", "report")}
    expected |= {("evaluate", question) for question in asked}
    expected |= {(question, "report") for question in asked}
    for stage in trained:
        expected |= {("prepare", stage), ("plan", stage), (stage, "evaluate")}
    assert edges >= expected
    # A question follows the runs that it reads by way of `evaluate`, which tells whether they are others.
    assert {after for before, after in edges if before in trained} == {"evaluate", "report"}


def test_the_plots_are_drawn(clone: Clone) -> None:
    declared = clone.yaml("dvc.yaml").get("plots")
    if not declared:
        pytest.skip("dvc.yaml defines no plots")
    said = clone.run("dvc", "plots", "show", "--out", "drawn").succeeded().output
    page = clone.root / "drawn" / "index.html"
    assert page.as_uri() in said
    drawn = page.read_text(encoding="utf-8")
    for plot in declared:
        ((_, looks),) = plot.items()
        assert looks["title"] in drawn
    assert "dropout_l2" in drawn


def test_an_experiment_changes_one_variant_and_is_shown(clone: Clone) -> None:
    clone.without_questions()
    runs = clone.replicates("small")
    others = ["baseline", "variant@dropout", "variant@dropout_l2"]
    before, commits = clone.locked(others), clone.run("git", "rev-list", "--count", "HEAD").output
    ended = clone.run(
        "dvc", "exp", "run", "--name", "stronger", "--set-param", "variants.l2.l2.strength=0.01"
    ).succeeded()
    assert set(ended.ran) == {"plan", "variant@l2", "evaluate"}
    assert clone.locked(others) == before
    assert clone.yaml("params.yaml")["variants"]["l2"]["l2"]["strength"] == 0.01
    rows = table(clone.run("dvc", "exp", "show", "--csv"))
    (row,) = (row for row in rows if row["Experiment"] == "stronger")
    errors = json.loads((clone.root / "reports" / "test_error" / "l2.json").read_text(encoding="utf-8"))
    assert float(row["variants.l2.l2.strength"]) == 0.01
    assert float(row["reports/test_error/l2.json:small"]) == errors["small"]
    assert strengths(clone) == ["0.001"] * runs + ["0.01"] * runs
    assert clone.run("git", "rev-list", "--count", "HEAD").output == commits
    assert clone.run("dvc", "repro").succeeded().ran == []


def test_an_experiment_in_a_copy_records_in_the_checkout(clone: Clone) -> None:
    """`--temp` works in a folder of its own, which is removed; its runs and its results stay."""
    before = clone.contents("results/runs", "reports")
    runs, name = clone.replicates("small"), "elsewhere"
    clone.run(
        "dvc",
        "exp",
        "run",
        "--temp",
        "--name",
        name,
        "--set-param",
        "variants.l2.l2.strength=0.02",
        "variant@l2",
    ).succeeded()
    assert clone.contents("results/runs", "reports") == before
    assert strengths(clone) == ["0.001"] * runs + ["0.02"] * runs
    rows = table(clone.run("dvc", "exp", "show", "--csv"))
    (row,) = (row for row in rows if row["Experiment"] == name)
    assert float(row["variants.l2.l2.strength"]) == 0.02
    # Told apart from the checkout's own, which agree with DVC as before.
    assert marks(clone) == {"0.001": {("true", None)}, "0.02": {("false", name)}}
    clone.python("pipeline", "verify").succeeded()


def test_experiments_from_the_queue_record_in_the_checkout(clone: Clone) -> None:
    for name, strength in (("third", "0.03"), ("fourth", "0.04")):
        changed = f"variants.l2.l2.strength={strength}"
        clone.run(
            "dvc", "exp", "run", "--queue", "--name", name, "--set-param", changed, "variant@l2"
        ).succeeded()
    clone.run("dvc", "exp", "run", "--run-all").succeeded()
    assert marks(clone) == {
        "0.001": {("true", None)},
        "0.03": {("false", "third")},
        "0.04": {("false", "fourth")},
    }
    clone.python("pipeline", "verify").succeeded()
