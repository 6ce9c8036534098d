"""Cells that share runs: a run is logged once, under the first cell that has it, and the means count all."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as Logged

from pipeline import tracking
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.tracking.study import commands, experiment
from tests.tracking.recording import Stage, write

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
PARENT = "mlflow.parentRunId"
FIRST, SECOND, THIRD = "tiny/ridge/choice", "tiny/ridge/tradeoff/strength=1", "tiny/ridge/weights/strength=1"


def result(run: Run) -> Result:
    """Two epochs, scored where somebody looks at them."""
    history = {"loss": np.array([2.0, 1.0])} | ({"train_error": np.array([0.5, 0.25])} if run.curves else {})
    final = {"test_error": 0.125 * (1 + run.split), "epochs": 2.0}
    return Result(run, history, final, "a processor", np.zeros((4, 2), np.float32), {}, {"training": 1.0})


@pytest.fixture
def cells(tiny_run: MakeRun) -> Callable[..., list[Run]]:
    """The runs of these cells on two training sets each; the second's are 1 and 2, the others' 0 and 1."""

    def make(*names: str) -> list[Run]:
        runs = []
        for name in names:
            setting, variant, question, *label = name.split("/")
            called = {"setting": setting, "variant": variant, "question": question, "label": "/".join(label)}
            for split in (1, 2) if name == SECOND else (0, 1):
                curves = name != FIRST
                runs.append(tiny_run(**called, split=split, curves=curves, key=f"key-{split}"))
        return runs

    return make


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    def unchanged(root: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(["echo", "{}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    monkeypatch.setattr(commands, "_dvc_status", unchanged)
    return Stage(tmp_path / "checkout", result)


def logged(study: Study, kind: str) -> list[Logged]:
    client, experiment = study
    return list(client.search_runs([experiment], f"tags.kind = '{kind}'", max_results=1000))


def parents(study: Study) -> dict[str, Logged]:
    """The current parents by their names, each once."""
    current = [run for run in logged(study, "cell") if run.data.tags["current"] == "true"]
    assert len({run.info.run_name for run in current}) == len(current)
    return {str(run.info.run_name): run for run in current}


def owners(study: Study) -> dict[str, str]:
    """By the key of a current run, the name of the cell that it is logged under; each once."""
    names = {run.info.run_id: str(run.info.run_name) for run in logged(study, "cell")}
    current = [run for run in logged(study, "run") if run.data.tags["current"] == "true"]
    assert len({run.data.tags["run_key"] for run in current}) == len(current)
    return {run.data.tags["run_key"]: names[run.data.tags[PARENT]] for run in current}


def in_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this is an experiment's copy of the checkout."""
    monkeypatch.setattr(experiment, "is_workspace", lambda: False)


def test_a_run_belongs_to_the_first_cell_that_has_it(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    assert owners(study) == {"key-0": FIRST, "key-1": FIRST, "key-2": SECOND}
    assert set(parents(study)) == {FIRST, SECOND}  # all runs of the third are logged elsewhere
    assert tracking.verify(stage.root) == (3, [])


def test_a_trial_of_two_equal_candidates_is_logged_once(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    first, *_ = runs = cells(FIRST)
    trials = [first.model_copy(update={"split": 2, "trial": trial, "key": "tried"}) for trial in (0, 1)]
    stage.record([*trials, *runs])
    (tried,) = logged(study, "trial")
    assert tried.info.run_name == f"{FIRST}/trial-00-split-02-init-00"
    assert tracking.verify(stage.root) == (3, [])
    study[0].delete_run(tried.info.run_id)
    assert tracking.sync(stage.root) == [FIRST]
    assert [run.info.run_name for run in logged(study, "trial")] == [tried.info.run_name]


def test_the_means_of_a_cell_count_the_runs_that_it_shares(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    parent = parents(study)[SECOND].data
    assert (parent.tags["runs"], parent.metrics["test_error_percent"]) == ("2", 31.25)


def test_a_cell_of_a_question_says_whose_it_is(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    named = {"setting": "tiny", "variant": "ridge", "question": "tradeoff", "label": "strength=1"}
    parent = parents(study)[SECOND].data.tags
    assert parent.items() >= named.items()
    first = "**ridge** in the setting `tiny`, strength=1, for the question tradeoff."
    assert parent["mlflow.note.content"].splitlines()[0] == first
    (child,) = (run for run in logged(study, "run") if run.data.tags["run_key"] == "key-2")
    assert child.data.tags.items() >= named.items()
    assert not {"question", "label"} & child.data.params.keys()


def test_a_shared_run_has_the_curves_that_a_later_cell_asks_for(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST))
    assert {name for run in logged(study, "run") for name in run.data.metrics if "epoch/" in name} == {
        "epoch/loss"
    }
    stage.record(cells(FIRST, SECOND, THIRD))
    for run in logged(study, "run"):
        assert {"epoch/loss", "epoch/error/train"} <= run.data.metrics.keys()
    assert tracking.verify(stage.root) == (3, [])


def test_a_lost_store_is_written_again_as_it_was(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    before = owners(study), set(parents(study))
    for kind in ("run", "cell"):
        for run in logged(study, kind):
            study[0].delete_run(run.info.run_id)
    assert tracking.sync(stage.root) == [FIRST, SECOND]
    assert (owners(study), set(parents(study))) == before
    assert tracking.verify(stage.root) == (3, [])
    assert tracking.sync(stage.root) == []


def test_a_shared_run_that_is_lost_is_missed_where_it_belongs(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    (shared,) = (run for run in logged(study, "run") if run.data.tags["run_key"] == "key-1")
    study[0].delete_run(shared.info.run_id)
    said = f"{FIRST}/split-01-init-00: expected one run in MLflow, found 0"
    assert tracking.verify(stage.root) == (3, [said])
    assert tracking.sync(stage.root) == [FIRST]


def test_sync_gives_the_runs_to_the_next_cell_when_the_first_is_gone(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    stage.record(cells(FIRST, SECOND, THIRD))
    write(stage.root, stage.name, cells(SECOND, THIRD), result)
    assert tracking.verify(stage.root)[1]
    # The third has the runs of the first now, and a parent of its own; the first is no longer current.
    assert tracking.sync(stage.root) == [SECOND, THIRD, FIRST]
    assert owners(study) == {"key-0": THIRD, "key-1": SECOND, "key-2": SECOND}
    assert set(parents(study)) == {SECOND, THIRD}
    assert tracking.verify(stage.root) == (3, [])


@pytest.mark.parametrize("by", ["a stage", "sync"])
def test_a_cell_that_has_lost_its_runs_to_an_earlier_one_is_no_longer_current(
    study: Study, stage: Stage, cells: Callable[..., list[Run]], by: str
) -> None:
    stage.record(cells(SECOND))
    if by == "a stage":
        # The second now asks for what another has: as a question that is asked for first does.
        stage.record([*cells(FIRST), *_all_of_the_second(cells), *cells(SECOND)])
    else:
        runs = [*cells(FIRST), *_all_of_the_second(cells), *cells(SECOND)]
        write(stage.root, stage.name, runs, result)
        problems = tracking.verify(stage.root)[1]
        assert f"{SECOND}: marked as current, but no such runs are kept" in problems
        tracking.sync(stage.root)
    assert set(parents(study)) == {FIRST, "tiny/ridge/more"}
    assert owners(study) == {"key-0": FIRST, "key-1": FIRST, "key-2": "tiny/ridge/more"}
    assert tracking.verify(stage.root) == (3, [])


def _all_of_the_second(cells: Callable[..., list[Run]]) -> list[Run]:
    """A cell with the runs of the second and one more."""
    runs = [*cells(FIRST)[:1], *cells(SECOND)]
    return [run.model_copy(update={"question": "more", "label": ""}) for run in runs]


def test_a_copy_that_trains_cells_with_the_same_runs_again_leaves_them_current(
    study: Study, stage: Stage, cells: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.record(cells(FIRST, THIRD))  # which ask for the same
    in_a_copy(monkeypatch)
    stage.record(cells(FIRST, THIRD))
    assert set(parents(study)) == {FIRST}
    assert owners(study) == {"key-0": FIRST, "key-1": FIRST}


def test_a_copy_in_which_a_cell_has_no_runs_of_its_own_leaves_that_of_the_workspace(
    study: Study, stage: Stage, cells: Callable[..., list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an experiment with another candidate does, if it chooses the strength of a path."""
    stage.record(cells(SECOND))
    in_a_copy(monkeypatch)
    Stage(stage.root.parent / "copy", result).record([*_all_of_the_second(cells), *cells(SECOND)])
    assert set(parents(study)) == {SECOND}
    assert owners(study) == {"key-1": SECOND, "key-2": SECOND}


def test_a_variant_and_its_copy_have_equal_runs_and_each_its_own(
    study: Study, stage: Stage, cells: Callable[..., list[Run]]
) -> None:
    """As whoever copies a variant in params.yaml, and has not changed it yet."""
    copied = THIRD.replace("ridge", "copy")
    copy = Stage(stage.root, result, "copy")
    for _ in range(2):
        stage.record(cells(THIRD))
        copy.record(cells(copied))
    assert parents(study).keys() == {THIRD, copied}
    assert tracking.verify(stage.root) == (4, [])
    assert tracking.sync(stage.root) == []
    assert len(logged(study, "run")) == 4
