"""The life of what is recorded: replaced by the same stage, kept by another, failed with its stage."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as Logged
from mlflow.entities import ViewType

from pipeline.plan import Run
from pipeline.records import Result
from pipeline.tracking import Recorder
from pipeline.tracking.study import experiment
from tests.tracking.recording import Stage, planned, write

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
PARENT = "mlflow.parentRunId"


def result(run: Run) -> Result:
    """Two epochs and one score."""
    history = {"loss": np.array([2.0, 1.0])}
    return Result(
        run, history, {"test_error": 0.5}, "a processor", np.zeros((4, 2), np.float32), {}, {"training": 1.0}
    )


@pytest.fixture
def plan(tiny_run: MakeRun) -> Callable[..., list[Run]]:
    """Make a plan of two inits in each of two settings; `generation` is another plan's keys."""

    def make(variant: str = "ridge", generation: str = "old") -> list[Run]:
        return [
            tiny_run(
                setting=setting, variant=variant, init=init, key=f"{variant}-{generation}-{setting}-{init}"
            )
            for setting in ("small", "noisy")
            for init in (0, 1)
        ]

    return make


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, result)


def logged(study: Study, kind: str, view: int = ViewType.ACTIVE_ONLY) -> list[Logged]:
    client, experiment = study
    return list(client.search_runs([experiment], f"tags.kind = '{kind}'", view, max_results=1000))


def keys(study: Study) -> Counter[str]:
    """How many active runs have which key."""
    return Counter(run.data.tags["run_key"] for run in logged(study, "run"))


def parents(study: Study) -> Counter[str]:
    return Counter(str(run.info.run_name) for run in logged(study, "variant"))


def test_the_same_stage_again_leaves_what_it_recorded(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    stage.record(plan())
    first = {run.info.run_id for run in (*logged(study, "run"), *logged(study, "variant"))}
    stage.record(plan())
    assert keys(study) == {run.key: 1 for run in plan()}
    assert parents(study) == {"small/ridge": 1, "noisy/ridge": 1}
    now = (*logged(study, "run"), *logged(study, "variant"))
    assert first == {run.info.run_id for run in now}  # as they were, with what people have added
    living = {run.info.run_id for run in logged(study, "variant")}
    assert {run.data.tags[PARENT] for run in logged(study, "run")} == living
    gone = {
        run.info.run_id for kind in ("run", "variant") for run in logged(study, kind, ViewType.DELETED_ONLY)
    }
    assert len(gone) == len(first)  # as MLflow deletes: out of sight until they are purged


def test_another_plan_leaves_what_is_there(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    stage.record(plan())
    stage.record(plan(generation="new"))
    stage.record(plan("dropout"))
    everything = [*plan(), *plan(generation="new"), *plan("dropout")]
    assert keys(study) == {run.key: 1 for run in everything}
    expected = {"small/ridge": 2, "noisy/ridge": 2, "small/dropout": 1, "noisy/dropout": 1}
    assert parents(study) == expected


def test_a_setting_whose_plan_changed_is_kept_beside_the_new_one(
    study: Study, plan: Callable[..., list[Run]], tiny_run: MakeRun, stage: Stage
) -> None:
    stage.record(plan())
    stage.record([*plan()[:3], tiny_run(setting="noisy", variant="ridge", init=1, key="changed")])
    assert parents(study) == {"small/ridge": 1, "noisy/ridge": 2}
    assert keys(study).items() >= {plan()[0].key: 1, plan()[1].key: 1, "changed": 1}.items()


def test_a_broken_stage_is_failed_and_keeps_the_runs_that_were_finished(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    runs = plan()
    with pytest.raises(OSError, match="disk full"):
        stage.break_off(runs, 3, OSError("disk full"))
    status = {str(run.info.run_name): run for run in logged(study, "variant")}
    assert {name: run.info.status for name, run in status.items()} == {
        "small/ridge": "FAILED",
        "noisy/ridge": "FAILED",
    }
    noisy = status["noisy/ridge"].data
    assert (noisy.metrics["test_error_percent"], noisy.tags["runs"]) == (50.0, "1")
    assert all(run.info.end_time for run in status.values())
    assert {run.info.status for run in logged(study, "run")} == {"FINISHED"}
    assert keys(study) == {run.key: 1 for run in runs[:3]}


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_stage_is_killed(
    study: Study, plan: Callable[..., list[Run]], stage: Stage, raised: type[BaseException]
) -> None:
    with pytest.raises(raised):
        stage.break_off(plan(), 3, raised())
    killed = {str(run.info.run_name): run for run in logged(study, "variant")}
    assert {run.info.status for run in killed.values()} == {"KILLED"}
    assert {name: run.data.tags["runs"] for name, run in killed.items()} == {
        "small/ridge": "2",
        "noisy/ridge": "1",
    }


def test_a_stage_that_breaks_before_its_first_run_leaves_what_is_there(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    stage.record(plan())
    with pytest.raises(OSError, match="disk full"):
        stage.break_off(plan(), 0, OSError("disk full"))
    assert parents(study) == {"small/ridge": 1, "noisy/ridge": 1}
    assert {run.info.status for run in logged(study, "variant")} == {"FINISHED"}


def test_the_next_attempt_replaces_the_failed_one(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    with pytest.raises(OSError, match="disk full"):
        stage.break_off(plan(), 1, OSError("disk full"))
    stage.record(plan())
    assert keys(study) == {run.key: 1 for run in plan()}
    assert {run.info.status for run in logged(study, "variant")} == {"FINISHED"}


def test_parents_are_running_while_the_stage_is(
    study: Study, plan: Callable[..., list[Run]], stage: Stage
) -> None:
    with Recorder(stage.name, planned(plan())) as recorder:
        assert logged(study, "variant") == []  # until a run of the cell is finished
        for run in plan():
            recorder.record(result(run))
        assert [run.info.status for run in logged(study, "variant")] == ["RUNNING", "RUNNING"]
        write(stage.root, stage.name, plan(), result)
        recorder.finish(stage.root)
    assert [run.info.status for run in logged(study, "variant")] == ["FINISHED", "FINISHED"]


def test_under_mlflow_run_the_parents_nest_under_its_run(
    study: Study, plan: Callable[..., list[Run]], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = study
    chosen = client.create_experiment("chosen by mlflow run")
    outer = client.create_run(chosen).info.run_id
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", chosen)
    monkeypatch.setenv("MLFLOW_RUN_ID", outer)
    stage.record(plan())
    there = (client, chosen)
    assert [run.data.tags[PARENT] for run in logged(there, "variant")] == [outer, outer]
    inner = {run.info.run_id for run in logged(there, "variant")}
    assert {run.data.tags[PARENT] for run in logged(there, "run")} == inner
    assert keys(there) == {run.key: 1 for run in plan()}
    assert logged(study, "run") == logged(study, "variant") == []
    untouched = client.get_run(outer)
    assert untouched.info.status == "RUNNING"  # mlflow ends its own run
    assert not untouched.data.metrics
    assert not untouched.data.params


def test_more_runs_than_a_page_shows_are_replaced(
    study: Study, tiny_run: MakeRun, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = MlflowClient.search_runs
    monkeypatch.setattr(
        MlflowClient,
        "search_runs",
        lambda self, *a, **k: whole(self, *a, **({"max_results": 2} | k)),
    )
    runs = [tiny_run(variant="ridge", init=init, key=f"ridge-{init}") for init in range(5)]
    stage.record(runs)
    stage.record(runs)
    assert keys(study) == {run.key: 1 for run in runs}
    assert parents(study) == {"tiny/ridge": 1}


def test_a_copy_that_trains_a_cell_of_the_workspace_again_leaves_it_current(
    study: Study,
    plan: Callable[..., list[Run]],
    tiny_run: MakeRun,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As an experiment does with a stage of which it changes another cell."""
    stage.record(plan())
    monkeypatch.setattr(experiment, "is_workspace", lambda: False)
    changed = [
        tiny_run(setting="noisy", variant="ridge", init=init, key=f"changed-{init}") for init in (0, 1)
    ]
    stage.record([*plan()[:2], *changed])
    marks = {run.data.tags["run_key"]: run.data.tags["current"] for run in logged(study, "run")}
    assert marks == dict.fromkeys((run.key for run in plan()), "true") | {
        "changed-0": "false",
        "changed-1": "false",
    }
    cells = Counter((str(run.info.run_name), run.data.tags["current"]) for run in logged(study, "variant"))
    assert cells == {("small/ridge", "true"): 1, ("noisy/ridge", "true"): 1, ("noisy/ridge", "false"): 1}
