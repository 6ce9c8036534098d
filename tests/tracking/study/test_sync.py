"""`sync` and `verify`: MLflow says what DVC keeps, whatever became of either."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.entities import Run as Logged
from mlflow.exceptions import MlflowException

from pipeline import __main__ as typed
from pipeline import tracking
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.system.errors import UserError
from pipeline.tracking.agreement import store
from pipeline.tracking.study import commands, experiment
from tests.tracking.recording import Stage, write

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
CIRCUMSTANCES = {"process", "mlflow.parentRunId"}


def result(run: Run) -> Result:
    """Two epochs, told apart from those of every other run."""
    base = 1.0 + run.split / 3 + run.init / 7
    history = {"loss": np.array([base, np.nan]), "train_error": np.array([base / 10, np.inf])}
    final = {"test_error": base / 9, "epochs": 2.0}
    return Result(run, history, final, "a processor", np.zeros((4, 2), np.float32), {}, {"training": 1.0})


@pytest.fixture
def runs(tiny_run: MakeRun) -> list[Run]:
    """Two cells with two training sets and two inits each, of a question: their networks are not logged."""
    names = {"variant": "ridge", "question": "choice"}
    return [
        tiny_run(setting=setting, split=split, init=init, key=f"{setting}-{split}-{init}", **names)
        for setting in ("small", "noisy")
        for split in (0, 1)
        for init in (0, 1)
    ]


def up_to_date() -> "subprocess.Popen[str]":
    """What answers as DVC does where nothing has changed."""
    return subprocess.Popen(["echo", "{}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    # DVC is asked about a checkout of its own, which this is not.
    monkeypatch.setattr(commands, "_dvc_status", lambda root: up_to_date())
    monkeypatch.setattr(experiment, "is_workspace", lambda: True)
    return Stage(tmp_path / "checkout", result)


def logged(study: Study) -> list[Logged]:
    client, experiment = study
    return list(client.search_runs([experiment], "tags.kind LIKE '%'", max_results=1000))


def content(study: Study) -> dict[str, Any]:
    """All that the store says of current runs, by their names, but for times and ids."""
    client, _ = study
    runs = [run for run in logged(study) if run.data.tags.get("current") == "true"]
    names = {run.info.run_id: run.info.run_name for run in runs}
    said = {}
    for run in runs:
        curves = {
            name: [
                (point.step, repr(point.value)) for point in client.get_metric_history(run.info.run_id, name)
            ]
            for name in run.data.metrics
            if name.startswith("epoch/")
        }
        tags = {name: value for name, value in run.data.tags.items() if name not in CIRCUMSTANCES}
        parent = names.get(run.data.tags.get("mlflow.parentRunId", ""))
        inputs = (
            [(seen.dataset.name, seen.dataset.digest) for seen in run.inputs.dataset_inputs]
            if run.inputs
            else []
        )
        key = f"{run.data.tags['kind']} {run.info.run_name}"
        assert key not in said
        final = {name: repr(value) for name, value in run.data.metrics.items() if name not in curves}
        said[key] = (run.info.status, run.data.params, tags, final, curves, parent, inputs)
    return said


def test_a_recorded_study_agrees(study: Study, stage: Stage, runs: list[Run]) -> None:
    stage.record(runs)
    assert tracking.verify(stage.root) == (8, [])
    before = content(study)
    assert tracking.sync(stage.root) == []
    assert content(study) == before


def test_a_lost_store_is_written_again_and_says_the_same(
    study: Study, stage: Stage, runs: list[Run], database: Path, empty_store: Path
) -> None:
    stage.record(runs)
    before = content(study)
    client, _experiment = study
    for run in logged(study):
        client.delete_run(run.info.run_id)
    assert set(tracking.sync(stage.root)) == {"small/ridge/choice", "noisy/ridge/choice"}
    assert content(study) == before
    assert tracking.verify(stage.root) == (8, [])


def a_metric(client: MlflowClient, run: Logged) -> None:
    client.log_batch(run.info.run_id, [Metric("final/test_error", 0.123, 9_000_000_000_000, 0)])


def a_point(client: MlflowClient, run: Logged) -> None:
    client.log_batch(run.info.run_id, [Metric("epoch/loss", 0.5, 9_000_000_000_000, 3)])


def a_tag(client: MlflowClient, run: Logged) -> None:
    client.set_tag(run.info.run_id, "split", "7")


def a_parameter(client: MlflowClient, run: Logged) -> None:
    client.log_param(run.info.run_id, "more", "1")


def a_status(client: MlflowClient, run: Logged) -> None:
    client.set_terminated(run.info.run_id, "FAILED")


def a_deletion(client: MlflowClient, run: Logged) -> None:
    client.delete_run(run.info.run_id)


def a_stranger(client: MlflowClient, run: Logged) -> None:
    tags = {"kind": "run", "run_key": "stranger", "mlflow.parentRunId": run.data.tags["mlflow.parentRunId"]}
    made = client.create_run(run.info.experiment_id, tags=tags, run_name="stranger")
    client.set_terminated(made.info.run_id)


def a_twin(client: MlflowClient, run: Logged) -> None:
    made = client.create_run(run.info.experiment_id, tags=run.data.tags, run_name=run.info.run_name)
    client.set_terminated(made.info.run_id)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (a_metric, "small/ridge/choice/split-01-init-00: the metric final/test_error: expected "),
        (a_point, "small/ridge/choice/split-01-init-00: the curve epoch/loss: expected 2 points, found 3"),
        (a_tag, "small/ridge/choice/split-01-init-00: the tag split: expected '1', found '7'"),
        (a_status, "small/ridge/choice/split-01-init-00: its status: expected FINISHED, found FAILED"),
        (a_deletion, "small/ridge/choice/split-01-init-00: expected one run in MLflow, found 0"),
        (a_stranger, "stranger: no such run is kept"),
        (a_twin, "small/ridge/choice/split-01-init-00: expected one run in MLflow, found 2"),
    ],
)
def test_whatever_was_changed_is_found_and_mended(
    study: Study, stage: Stage, runs: list[Run], harm: Callable[[MlflowClient, Logged], None], said: str
) -> None:
    stage.record(runs)
    before = content(study)
    (victim,) = (run for run in logged(study) if run.data.tags.get("run_key") == "small-1-0")
    harm(study[0], victim)
    count, problems = tracking.verify(stage.root)
    assert count == 8
    assert any(problem.startswith(said) for problem in problems), problems
    assert tracking.sync(stage.root) == ["small/ridge/choice"]
    assert tracking.verify(stage.root) == (8, [])
    assert content(study) == before


def test_another_value_of_a_curve_is_found(
    study: Study, stage: Stage, runs: list[Run], database: Path
) -> None:
    stage.record(runs)
    with sqlite3.connect(database) as connection:  # MLflow itself changes no point
        changed = connection.execute(
            "UPDATE metrics SET value = value + 1e-9 WHERE key = 'epoch/loss' AND step = 1 AND run_uuid = "
            "(SELECT run_uuid FROM tags WHERE key = 'run_key' AND value = 'noisy-0-1')"
        )
        assert changed.rowcount == 1
    connection.close()
    assert tracking.verify(stage.root)[1] == [
        "noisy/ridge/choice/split-00-init-01: the curve epoch/loss: expected other values than those found"
    ]


def test_runs_of_another_revision_stay_and_are_told_apart(
    study: Study, stage: Stage, runs: list[Run]
) -> None:
    stage.record(runs)
    first = {run.info.run_id for run in logged(study)}
    stage.record([run.model_copy(update={"key": f"new-{run.key}"}) for run in runs])

    def current() -> set[str]:
        return {run.info.run_id for run in logged(study) if run.data.tags["current"] == "true"}

    second = {run.info.run_id for run in logged(study)} - first
    assert current() == second
    assert tracking.verify(stage.root) == (8, [])
    write(stage.root, stage.name, runs, result)  # as `dvc checkout` of the first would
    assert set(tracking.sync(stage.root)) == {"small/ridge/choice", "noisy/ridge/choice"}  # their marks
    assert current() == first
    assert tracking.verify(stage.root) == (8, [])


@pytest.mark.parametrize("calls", range(0, 10, 2))
def test_an_interrupted_sync_is_finished_by_the_next(
    study: Study, stage: Stage, runs: list[Run], monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    stage.record(runs)
    before = content(study)
    for run in logged(study):
        study[0].delete_run(run.info.run_id)
    left = iter(range(calls))
    whole = MlflowClient.log_batch

    def cut(self: MlflowClient, *given: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return whole(self, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "log_batch", cut)
        with pytest.raises(KeyboardInterrupt):
            tracking.sync(stage.root)
    assert tracking.verify(stage.root)[1]
    tracking.sync(stage.root)
    assert tracking.verify(stage.root) == (8, [])
    assert content(study) == before


def test_outputs_that_are_missing_are_named_when_the_rest_is_done(
    study: Study, stage: Stage, runs: list[Run], tiny_run: MakeRun
) -> None:
    stage.record(runs)
    write(stage.root, "lasso", [tiny_run(variant="lasso", question="choice", key="lasso")], result)
    shutil.rmtree(stage.root / "results/runs/lasso")
    for run in logged(study):
        study[0].delete_run(run.info.run_id)
    with pytest.raises(UserError, match=r"^results/runs/lasso: expected its outputs, found none"):
        tracking.sync(stage.root)
    (problem,) = tracking.verify(stage.root)[1]
    assert problem.startswith("results/runs/lasso: expected its outputs, found none")


def test_without_a_plan_there_is_nothing_to_compare(study: Study, tmp_path: Path) -> None:
    for command in (tracking.sync, tracking.verify):
        with pytest.raises(
            UserError, match=r"^results/plan: expected what DVC keeps of the study, found nothing"
        ):
            command(tmp_path)


def test_a_dry_sync_says_what_it_would_mend_and_writes_nothing(
    study: Study, stage: Stage, runs: list[Run]
) -> None:
    stage.record(runs)
    victim = next(run for run in logged(study) if run.data.tags.get("run_key") == "small-1-0")
    study[0].set_tag(victim.info.run_id, "split", "7")
    lines: list[str] = []
    tracking.sync(stage.root, lines.append, dry=True)
    assert lines == ["small/ridge/choice/split-01-init-00: the tag split: expected '1', found '7'"]
    assert tracking.verify(stage.root) == (8, lines)


def test_a_name_in_the_store_does_not_move_the_cursor(
    study: Study,
    stage: Stage,
    runs: list[Run],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage.record(runs)
    study[0].update_run(logged(study)[0].info.run_id, name="mine\x1b[2J\x07")
    monkeypatch.setattr(typed, "ROOT", stage.root)
    with pytest.raises(UserError):
        typed.verify()
    typed.sync(dry=True)
    said = capsys.readouterr().out
    assert said.count("found mine [2J ") == 2
    assert all(line.isprintable() for line in said.splitlines())


def test_every_file_of_the_report_is_compared(study: Study, stage: Stage, runs: list[Run]) -> None:
    stage.record(runs)
    for name, text in {"report.md": "# A report", "report.html": "<p>", "figures/a.png": "a picture"}.items():
        path = stage.root / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert tracking.sync(stage.root) == ["study"]
    assert tracking.verify(stage.root) == (8, [])
    (report,) = (run for run in logged(study) if run.data.tags["kind"] == "study")
    folder = Path(report.info.artifact_uri.removeprefix("file://"), "reports")
    for name in ("report.md", "report.html", "figures/a.png"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
        said = f"study: the artifact reports/{name}: expected other bytes than those found"
        assert tracking.verify(stage.root) == (8, [said])
        tracking.sync(stage.root)
        assert (folder / name).read_bytes() == content
    tags = study[0].get_experiment(study[1]).tags
    assert f"/runs/{report.info.run_id}/artifacts/reports/report.html" in tags["mlflow.note.content"]
    assert tags["mlflow.experimentKind"] == "custom_model_development"


def test_the_report_stage_publishes_and_leaves_the_rest_current(
    study: Study, stage: Stage, runs: list[Run]
) -> None:
    stage.record(runs)
    page = stage.root / "reports" / "report.md"
    page.parent.mkdir()
    for text in ("# One report", "# Another report"):
        page.write_text(text, encoding="utf-8")
        tracking.publish_reports(stage.root, tracking.publish_networks(stage.root))
        assert tracking.verify(stage.root) == (8, [])
    marks = [run.data.tags["current"] for run in logged(study) if run.data.tags["kind"] == "study"]
    assert sorted(marks) == ["false", "true"]


def test_a_store_that_goes_away_is_one_line(
    study: Study, stage: Stage, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.record(runs)

    def away(*given: Any, **named: Any) -> Any:
        raise MlflowException("API request failed\nand more")

    monkeypatch.setattr(MlflowClient, "search_runs", away)
    for command in (tracking.sync, tracking.verify):
        with pytest.raises(
            UserError, match=r"^MLFLOW_TRACKING_URI: expected a store that goes on answering"
        ) as raised:
            command(stage.root)
        assert len(str(raised.value).splitlines()) == 1


def test_a_quick_sync_compares_what_is_new_alone(study: Study, stage: Stage, runs: list[Run]) -> None:
    stage.record(runs)
    lock = "stages: {variant@ridge: {outs: [{path: results/runs/ridge, md5: %s}]}}\n"
    (stage.root / "dvc.lock").write_text(lock % "one", encoding="utf-8")
    tracking.sync(stage.root)
    victim = next(run for run in logged(study) if run.data.tags.get("run_key") == "small-1-0")
    study[0].delete_run(victim.info.run_id)
    assert tracking.sync(stage.root, quick=True) == []
    (stage.root / "dvc.lock").write_text(lock % "another", encoding="utf-8")
    assert tracking.sync(stage.root, quick=True) == ["small/ridge/choice"]
    assert tracking.sync(stage.root, quick=True) == []


def test_the_report_stage_compares_no_run_that_was_written_whole(
    study: Study, stage: Stage, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the training stages have just written; one that is broken is seen by its status all the same."""
    stage.record(runs)
    read: list[str] = []
    histories = store.histories

    def counted(client: MlflowClient, identities: Sequence[str], metric: str) -> Any:
        read.extend(identities)
        return histories(client, identities, metric)

    monkeypatch.setattr(store, "histories", counted)
    assert tracking.publish_networks(stage.root)
    assert read == []
    client, _ = study
    (broken, *_) = (run for run in logged(study) if run.data.tags["kind"] == "run")
    client.set_terminated(broken.info.run_id, "KILLED")
    assert tracking.publish_networks(stage.root)
    assert broken.info.run_id in read
    assert tracking.verify(stage.root) == (8, [])
    # A run that is deleted is seen too, and so are results that are others.
    client.delete_run(broken.info.run_id)
    assert tracking.publish_networks(stage.root)
    assert tracking.verify(stage.root) == (8, [])
