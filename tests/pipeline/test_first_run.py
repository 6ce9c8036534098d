"""`python -m pipeline quick`: every stage, for real, at toy size; and what it leaves."""

import json
import re
from collections import Counter

import numpy as np
import pytest

from pipeline.datasets.images import Images
from tests.pipeline.clone import QUESTIONS, SETTINGS, VARIANTS, Clone, Ended

STAGES = (
    "prepare",
    "plan",
    "baseline",
    *(f"variant@{name}" for name in VARIANTS),
    "evaluate",
    *(f"question@{name}" for name in QUESTIONS),
    "report",
)
TRAINED = ("baseline", *VARIANTS)  # a stage each
PATHS = ("tradeoff", "weights")  # the questions that ask for every strength
PNG = b"\x89PNG\r\n\x1a\n"


def implied(clone: Clone) -> Counter[tuple[str, str]]:
    """How many runs `params.yaml` asks for, by setting and variant."""
    declared = clone.yaml("params.yaml")
    found: Counter[tuple[str, str]] = Counter()
    for name, setting in declared["settings"].items():
        taken = declared["variants"] if setting["variants"] == "all" else setting["variants"]
        tuned = ["tuned_baseline"] if setting["validation_size"] else []
        for variant in ["baseline", *tuned, *taken]:
            found[name, variant] = setting["splits"] * setting["inits"]
    return found


def trained(clone: Clone) -> dict[str, tuple[str, str]]:
    """Setting and variant of every run in results/runs but the trials, by its key; each is there once."""
    places = {}
    for stage in TRAINED:
        for key, row in clone.rows(stage).items():
            assert key not in places
            assert row["run"]["variant"].removeprefix("tuned_") == stage
            if row["run"]["trial"] is None:
                places[key] = (row["run"]["setting"], row["run"]["variant"])
    return places


def test_it_runs_every_stage_and_says_where_the_report_is(toy_clone: Clone, quick: Ended) -> None:
    assert sorted(quick.ran) == sorted(STAGES)
    assert quick.ran.index("prepare") < quick.ran.index("plan") < quick.ran.index("baseline")
    assert quick.ran[-1] == "report"
    assert quick.output.splitlines()[-1] == f"toy report: {toy_clone.root}/reports/report.md"
    assert "Traceback" not in quick.output + quick.errors
    assert "Warning" not in quick.errors


def test_it_leaves_the_checkout_alone(study: Clone, toy_clone: Clone) -> None:
    assert toy_clone.yaml("params.yaml")["settings"]["small"]["epochs"] < 10
    assert study.yaml("params.yaml")["settings"]["small"]["epochs"] > 10
    for written in ("mlflow.db", "mlartifacts", "data", "results"):
        assert not (study.root / written).exists()


def test_every_declared_stage_is_locked(toy_clone: Clone) -> None:
    declared: set[str] = set()
    for name, stage in toy_clone.yaml("dvc.yaml")["stages"].items():
        each = stage.get("foreach")
        if isinstance(each, str):  # of the parameters
            each = toy_clone.yaml("params.yaml")[each.strip("${}")]
        declared |= {name} if each is None else {f"{name}@{key}" for key in each}
    assert declared == set(STAGES)
    assert toy_clone.yaml("dvc.lock")["stages"].keys() >= declared


def test_every_declared_output_is_there(toy_clone: Clone) -> None:
    for name, stage in toy_clone.yaml("dvc.lock")["stages"].items():
        if name in STAGES:  # those of variants that were taken away before the first run are left there
            for out in stage["outs"]:
                assert (toy_clone.root / out["path"]).exists(), out["path"]
    tables = {path.name for path in (toy_clone.root / "reports" / "tables").iterdir()}
    assert tables >= {"runs.csv", "summary.csv", "differences.csv", "curves.csv"}
    assert json.loads((toy_clone.root / "reports" / "metrics" / "study.json").read_text(encoding="utf-8"))


def test_everything_that_the_report_links_is_there(toy_clone: Clone) -> None:
    reports = toy_clone.root / "reports"
    page = (reports / "report.md").read_text(encoding="utf-8")
    images = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page)
    assert len(images) >= 4
    for name in images:
        assert (reports / name).read_bytes().startswith(PNG)
    drawn = {path.relative_to(reports).as_posix() for path in reports.rglob("*.png")}
    assert drawn == set(images)
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", page)
    assert all((reports / link).exists() for link in links if not link.startswith("#"))
    headings = {
        re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")
        for title in re.findall("^#+ (.+)$", page, re.M)
    }
    assert {link[1:] for link in links if link.startswith("#")} <= headings
    assert re.findall(r"\b(?:nan|inf|None(?! of)|null)\b|[{}]{2}|[{]%", page) == []
    assert str(toy_clone.root) not in page


def test_the_parameters_imply_the_runs_that_were_trained(toy_clone: Clone) -> None:
    expected = implied(toy_clone)
    assert len(expected) == 2 + 5
    asked = Counter(
        tuple(name.split("/"))
        for stage in TRAINED
        for name, cell in toy_clone.cells(stage).items()
        for run in cell["runs"]
        if not run["question"]
    )
    assert asked == expected


def test_a_run_that_several_ask_for_is_trained_once(toy_clone: Clone) -> None:
    """The strength paths of two questions, and of the candidate that is chosen the setting's own runs."""
    cells = toy_clone.cells("dropout")
    rates = toy_clone.yaml("params.yaml")["variants"]["dropout"]["dropout"]["rate"]
    chosen = {run["key"] for run in cells["small/dropout"]["runs"]}
    shared = []
    for rate in rates:
        ones = [{run["key"] for run in cells[f"small/dropout/{q}/rate={rate:g}"]["runs"]} for q in PATHS]
        assert ones[0] == ones[1]
        shared.append(ones[0] <= chosen)
    assert shared.count(True) == 1
    assert shared.index(True) == cells["small/dropout"]["choice"]["candidate"]


def test_mlflow_has_a_child_run_for_every_run(toy_clone: Clone) -> None:
    children = {run.data.tags["run_key"]: run for run in toy_clone.logged("run")}
    assert len(toy_clone.logged("run")) == len(trained(toy_clone))
    assert children.keys() == trained(toy_clone).keys()
    parents = {run.info.run_id: run for kind in ("variant", "cell") for run in toy_clone.logged(kind)}
    names = [run.info.run_name for run in parents.values()]
    assert len(set(names)) == len(names)
    assert {f"{setting}/{variant}" for setting, variant in implied(toy_clone)} <= set(names)
    for run in children.values():
        parent = parents[run.data.tags["mlflow.parentRunId"]]
        assert parent.data.tags["setting"] == run.data.tags["setting"]
        assert parent.data.tags["variant"] == run.data.tags["variant"]
    assert {run.info.status for run in (*children.values(), *parents.values())} == {"FINISHED"}


def test_mlflow_says_the_same_as_the_records(toy_clone: Clone) -> None:
    children = {run.data.tags["run_key"]: run for run in toy_clone.logged("run")}
    for stage in TRAINED:
        for key in trained(toy_clone).keys() & toy_clone.rows(stage).keys():
            row, logged = toy_clone.rows(stage)[key], children[key].data
            for name, value in row["final"].items():
                assert logged.metrics[f"final/{name}"] == pytest.approx(value, rel=0, abs=0, nan_ok=True)
            for name, values in row["history"].items():
                if np.isfinite(values[-1]):  # MLflow keeps the largest number in place of an infinite one
                    part, _, score = name.partition("_")
                    curve = f"{score}/{part}" if part in ("train", "validation") else name
                    assert logged.metrics[f"epoch/{curve}"] == values[-1]
            for name, fields in row["run"]["regularizers"].items():
                for field, value in fields.items():
                    assert logged.params[f"{name}.{field}"] == str(value)


def test_mlflow_has_a_child_run_for_every_trial(toy_clone: Clone) -> None:
    """Of the variants with candidates: each as often as the tuning has training sets; equal keys once."""
    children = {run.data.tags["run_key"]: run.data for run in toy_clone.logged("trial")}
    rows = [row for stage in TRAINED for row in toy_clone.rows(stage).values()]
    rows = [row for row in rows if row["run"]["trial"] is not None]
    assert len(rows) == len(children) == len(toy_clone.logged("trial"))
    cells = [cell for stage in TRAINED for cell in toy_clone.cells(stage).values()]
    trials = [run for cell in cells for run in cell["trials"]]
    assert {run["key"] for run in trials} == children.keys()
    tuning = toy_clone.yaml("params.yaml")["tuning"]
    candidates = len(tuning["baseline"]["epochs"])
    tried = Counter((run["setting"], run["variant"]) for run in trials)
    each = candidates * tuning["splits"]
    choice = toy_clone.yaml("params.yaml")["questions"]["choice"]
    in_choice = len(choice["candidates"]) * choice["trials"]
    assert tried == {("small", "tuned_baseline"): each, ("small", "dropout"): each} | {
        (condition, method): in_choice
        for condition in choice["conditions"]
        for method in ("tuned_baseline", "dropout")
    }
    for row in rows:
        logged = children[row["run"]["key"]]
        assert logged.params["trial"] == str(row["run"]["trial"])
        assert {f"final/{name}" for name in row["final"]} < logged.metrics.keys()
        assert not any("test" in name for name in logged.metrics)


def test_the_choice_is_that_of_the_lowest_validation_loss(toy_clone: Clone) -> None:
    for stage, variant in (("baseline", "tuned_baseline"), ("dropout", "dropout")):
        cell, rows = toy_clone.cells(stage)[f"small/{variant}"], toy_clone.rows(stage)
        losses: dict[int, list[float]] = {}
        for run in cell["trials"]:
            loss = rows[run["key"]]["final"]["validation_cross_entropy"]
            losses.setdefault(run["trial"], []).append(loss)
        best = min(losses, key=lambda number: sum(losses[number]))
        assert cell["choice"]["candidate"] == best
        rates = toy_clone.yaml("params.yaml")["variants"]["dropout"]["dropout"]["rate"]
        if variant == "dropout":
            assert {run["regularizers"]["dropout"]["rate"] for run in cell["runs"]} == {rates[best]}


def test_the_toy_learns(toy_clone: Clone, mnist: Images) -> None:
    for setting in SETTINGS:
        logits = toy_clone.arrays("baseline", f"{setting}/baseline", "logits")
        errors = (logits.argmax(axis=2) != mnist.test_labels).mean(axis=1)
        assert errors.max() < 0.4  # by chance 0.9


@pytest.mark.parametrize("name", ["images", "splits"])
def test_the_data_is_prepared(toy_clone: Clone, mnist: Images, name: str) -> None:
    folder = toy_clone.root / "data" / name
    if name == "images":
        assert [path.name for path in folder.iterdir()] == ["mnist"]
        assert np.array_equal(np.load(folder / "mnist" / "train_images.npy"), mnist.train_images)
        assert np.array_equal(np.load(folder / "mnist" / "test_labels.npy"), mnist.test_labels)
        return
    train = np.load(folder / "small_train.npy")
    setting = toy_clone.yaml("params.yaml")["settings"]["small"]
    tuning = toy_clone.yaml("params.yaml")["tuning"]["splits"]
    assert train.shape == (setting["splits"] + tuning, setting["train_size"])
    assert len(np.unique(train)) == train.size
    assert not np.isin(np.load(folder / "small_validation.npy"), train).any()
