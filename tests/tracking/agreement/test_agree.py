"""Entries in, differences out, mended: on a store of a pipeline that is not this study."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag, ViewType
from mlflow.entities import Run as Logged
from mlflow.exceptions import MlflowException

from pipeline.tracking.agreement import Contents, Ledger, sync, verify
from tests.tracking.agreement import weather

CIRCUMSTANCES = {"process", "mlflow.parentRunId"}


@pytest.fixture
def ledger(database: Path, tmp_path: Path) -> Ledger:
    return weather.ledger(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rain.csv"
    path.write_text("day,mm\n1,3\n", encoding="utf-8")
    return path


@pytest.fixture
def kept(ledger: Ledger, file: Path) -> Contents:
    """Two models in the store."""
    contents = weather.contents("arima", "tree", artifact=file)
    assert sync(ledger, contents) == ["arima", "tree"]
    assert verify(ledger, contents) == []
    return contents


def run(ledger: Ledger, name: str) -> Logged:
    (found,) = ledger.search(f"attributes.run_name = '{name}'")
    return found


def ids(ledger: Ledger) -> dict[str, str]:
    return {str(found.info.run_name): found.info.run_id for found in ledger.search("")}


def deleted(ledger: Ledger) -> int:
    return len(ledger.client.search_runs([ledger.experiment], "", ViewType.DELETED_ONLY))


def test_what_is_written_is_what_the_entries_say(ledger: Ledger, kept: Contents) -> None:
    found = run(ledger, "arima/1")
    assert found.data.params == {"seed": "1"}
    assert found.data.metrics["rmse"] == 1.0 + 1 / 3
    assert found.data.tags["mlflow.note.content"] == "A fit of arima."
    history = ledger.client.get_metric_history(found.info.run_id, "loss")
    assert sorted((p.step, p.value) for p in history) == [(1, 3.0), (2, 2.0), (3, 1.0 + 1 / 7)]
    assert found.data.tags["mlflow.parentRunId"] == run(ledger, "arima").info.run_id
    assert found.inputs is not None
    assert [given.dataset.name for given in found.inputs.dataset_inputs] == ["rain"]


Harm = Callable[[MlflowClient, str], object]
IN_PLACE: dict[str, tuple[Harm, str]] = {
    "name": (
        lambda client, run: client.update_run(run, name="mine"),
        "its name: expected arima/1, found mine",
    ),
    "status": (
        lambda client, run: client.set_terminated(run, "FAILED"),
        "its status: expected FINISHED, found FAILED",
    ),
    "tag": (
        lambda client, run: client.set_tag(run, "model", "x"),
        "the tag model: expected 'arima', found 'x'",
    ),
    "lost tag": (
        lambda client, run: client.delete_tag(run, "model"),
        "the tag model: expected 'arima', found none",
    ),
    "metric": (
        lambda client, run: client.log_batch(run, [Metric("rmse", 0.5, 9_000_000_000_000, 7)]),
        "the metric rmse: expected 1.3333333333333333, found 0.5",
    ),
    "parent": (
        lambda client, run: client.set_tag(run, "current", "false"),
        "expected runs that are marked as current",
    ),
}


@pytest.mark.parametrize("kind", IN_PLACE)
def test_what_can_be_mended_in_place_is(ledger: Ledger, kept: Contents, kind: str) -> None:
    harm, said = IN_PLACE[kind]
    before = ids(ledger)
    harm(ledger.client, before["arima/1"])
    (line,) = verify(ledger, kept)
    assert line.startswith(f"arima/1: {said}" if kind != "parent" else f"arima: {said}")
    assert sync(ledger, kept) == ["arima"]
    assert verify(ledger, kept) == []
    assert ids(ledger) == before
    assert deleted(ledger) == 0


def database_says(database: Path, statement: str) -> None:
    """Change what MLflow lets nobody change."""
    with sqlite3.connect(database) as connection:
        assert connection.execute(statement).rowcount >= 1
    connection.close()


OF_RUN = "run_uuid = (SELECT run_uuid FROM tags WHERE key = 'run_key' AND value = 'arima-1')"
BROKEN = {
    "parameter": (
        f"UPDATE params SET value = '7' WHERE key = 'seed' AND {OF_RUN}",
        "the parameter seed: expected 1, found 7",
    ),
    "point": (
        f"UPDATE metrics SET value = value + 1e-9 WHERE key = 'loss' AND step = 2 AND {OF_RUN}",
        "the curve loss: expected other values than those found",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_is_written_again_with_all_that_people_added(
    ledger: Ledger, kept: Contents, database: Path, tmp_path: Path, kind: str
) -> None:
    statement, said = BROKEN[kind]
    before = ids(ledger)
    people_add(ledger, before["arima/1"], tmp_path)
    database_says(database, statement)
    assert verify(ledger, kept) == [f"arima/1: {said}"]
    assert sync(ledger, kept) == ["arima"]
    assert verify(ledger, kept) == []
    after = ids(ledger)
    assert {name for name in before if before[name] != after[name]} == {"arima/1"}
    assert deleted(ledger) == 1
    is_there(ledger, after["arima/1"])


def test_a_lost_point_is_added(ledger: Ledger, kept: Contents, database: Path) -> None:
    before = ids(ledger)
    database_says(database, f"DELETE FROM metrics WHERE key = 'loss' AND step = 2 AND {OF_RUN}")
    assert verify(ledger, kept) == ["arima/1: the curve loss: expected 3 points, found 2"]
    sync(ledger, kept)
    assert verify(ledger, kept) == []
    assert ids(ledger) == before


def test_another_digest_of_the_data_is_named_and_mended(
    ledger: Ledger, kept: Contents, database: Path
) -> None:
    database_says(database, "UPDATE datasets SET digest = 'another'")
    said = "arima/0: the data set rain: expected digest 0123456789, found others"
    assert said in verify(ledger, kept)
    sync(ledger, kept)
    assert verify(ledger, kept) == []


@pytest.mark.parametrize("path", ["plots/map.txt", "rain.csv"])
@pytest.mark.parametrize("harm", ["a flipped bit", "lost"])
def test_an_artifact_is_compared_byte_by_byte(ledger: Ledger, kept: Contents, path: str, harm: str) -> None:
    before = ids(ledger)
    file = Path(run(ledger, "tree").info.artifact_uri.removeprefix("file://"), path)
    content = file.read_bytes()
    if harm == "lost":
        file.unlink()
        said = "expected a file, found none"
    else:
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        said = "expected other bytes than those found"
    assert verify(ledger, kept) == [f"tree: the artifact {path}: {said}"]
    assert sync(ledger, kept) == ["tree"]
    assert verify(ledger, kept) == []
    assert file.read_bytes() == content
    assert ids(ledger) == before


def people_add(ledger: Ledger, identity: str, folder: Path) -> None:
    """What a person leaves at a run: a note, a tag, a parameter, a metric, a file, and the machine's load."""
    client = ledger.client
    client.set_tag(identity, "mlflow.note.content", "Look at this one!")
    client.log_batch(
        identity,
        [Metric("mine", 0.1, 1, 1), Metric("mine", 0.2, 2, 2), Metric("system/cpu", 50.0, 1, 0)],
        tags=[RunTag("reviewed", "yes")],
    )
    client.log_param(identity, "reviewer", "me")
    (folder / "sketch.txt").write_text("a sketch", encoding="utf-8")
    client.log_artifact(identity, str(folder / "sketch.txt"))


def is_there(ledger: Ledger, identity: str) -> None:
    found = ledger.client.get_run(identity).data
    assert found.tags["mlflow.note.content"] == "Look at this one!"
    assert found.tags["reviewed"] == "yes"
    assert found.params["reviewer"] == "me"
    assert found.metrics["system/cpu"] == 50.0
    history = ledger.client.get_metric_history(identity, "mine")
    assert sorted((point.step, point.value) for point in history) == [(1, 0.1), (2, 0.2)]
    assert "sketch.txt" in [file.path for file in ledger.client.list_artifacts(identity)]


def test_what_people_add_is_neither_a_difference_nor_lost(
    ledger: Ledger, kept: Contents, tmp_path: Path
) -> None:
    before = ids(ledger)
    people_add(ledger, before["arima/1"], tmp_path)
    people_add(ledger, before["arima"], tmp_path)
    assert verify(ledger, kept) == []
    ledger.client.set_tag(before["arima/1"], "model", "wrong")
    sync(ledger, kept)
    assert verify(ledger, kept) == []
    assert ids(ledger) == before
    is_there(ledger, before["arima/1"])
    is_there(ledger, before["arima"])


def test_of_twins_the_right_one_stays_with_what_people_added_to_either(
    ledger: Ledger, kept: Contents, tmp_path: Path
) -> None:
    first = run(ledger, "arima/1")
    twin = ledger.client.create_run(ledger.experiment, tags=first.data.tags, run_name="arima/1").info.run_id
    ledger.client.set_terminated(twin)
    people_add(ledger, twin, tmp_path)
    assert "arima/1: expected one run in MLflow, found 2" in verify(ledger, kept)
    sync(ledger, kept)
    assert verify(ledger, kept) == []
    assert run(ledger, "arima/1").info.run_id == first.info.run_id
    is_there(ledger, first.info.run_id)


def test_a_parent_that_is_lost_is_written_again_and_has_its_runs(ledger: Ledger, kept: Contents) -> None:
    ledger.client.delete_run(run(ledger, "arima").info.run_id)
    assert verify(ledger, kept)[0] == "arima: expected one run in MLflow, found 0"
    sync(ledger, kept)
    assert verify(ledger, kept) == []


def test_what_is_no_longer_kept_stays_and_is_not_current(ledger: Ledger, kept: Contents) -> None:
    fewer = Contents(kept.groups[:1])
    assert verify(ledger, fewer) == ["tree: marked as current, but no such runs are kept"]
    assert sync(ledger, fewer) == ["tree"]
    assert verify(ledger, fewer) == []
    assert run(ledger, "tree/0").data.tags["current"] == "false"
    assert deleted(ledger) == 0


def test_contents_of_another_revision_change_no_mark(ledger: Ledger, kept: Contents) -> None:
    other = Contents(weather.contents("forest").groups, current=False)
    assert sync(ledger, other) == ["forest"]
    assert verify(ledger, other) == verify(ledger, kept) == []
    assert run(ledger, "forest/0").data.tags["current"] == "false"
    assert run(ledger, "tree/0").data.tags["current"] == "true"


def test_a_value_that_the_store_refuses_is_named_and_the_rest_goes_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = MlflowClient.log_batch

    def refuse(self: MlflowClient, run: str, metrics: object = (), **more: object) -> None:
        if any(metric.key == "bias" for metric in metrics):  # type: ignore[attr-defined]
            raise MlflowException.invalid_parameter_value("no NaN here")
        whole(self, run, metrics=metrics, **more)  # type: ignore[arg-type]

    contents = weather.contents("arima")
    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "log_batch", refuse)
        sync(ledger, contents)
    said = "the store refuses the metric bias: INVALID_PARAMETER_VALUE: no NaN here"
    assert [line.replace("INVALID_PARAMETER_VALUE: ", "") for line in ledger.refused] == [
        f"arima/{seed}: {said}".replace("INVALID_PARAMETER_VALUE: ", "") for seed in (0, 1)
    ]
    assert verify(ledger, contents) == [
        f"arima/{seed}: the metric bias: expected nan, found None" for seed in (0, 1)
    ]


def test_a_run_whose_process_has_ended_is_closed(ledger: Ledger, tmp_path: Path) -> None:
    client, experiment = ledger.client, ledger.experiment
    here = ledger.circumstances.process.tag()
    place = here.split()[0]
    tags = {"gone": f"{place} 0123", "alive": here, "elsewhere": "another 0123", "of nobody": ""}
    made = {
        name: client.create_run(experiment, tags={"process": process}, run_name=name).info.run_id
        for name, process in tags.items()
    }
    old = client.create_run(experiment, start_time=1, tags={"process": "another 0123"}).info.run_id
    ledger.close_stale(hours=1)
    status = {name: client.get_run(identity).info.status for name, identity in made.items()}
    assert status == {"gone": "KILLED", "alive": "RUNNING", "elsewhere": "RUNNING", "of nobody": "RUNNING"}
    assert client.get_run(made["gone"]).data.tags["reason"] == "its process is gone"
    assert client.get_run(old).data.tags["reason"] == "it was RUNNING for more than 1 hours"


def test_the_experiment_says_what_it_is_until_a_person_says_otherwise(ledger: Ledger, tmp_path: Path) -> None:
    from pipeline.tracking.agreement import Experiment, store

    def note() -> str:
        return str(ledger.client.get_experiment(ledger.experiment).tags["mlflow.note.content"])

    store.describe(ledger.client, ledger.experiment, Experiment(weather.NAME, "Other forecasts."))
    assert note() == "Other forecasts."
    ledger.client.set_experiment_tag(ledger.experiment, "mlflow.note.content", "Mine.")
    store.describe(ledger.client, ledger.experiment, Experiment(weather.NAME, "Forecasts."))
    assert note() == "Mine."
