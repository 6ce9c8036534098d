"""Where runs are recorded: one store and one experiment, whatever the working directory."""

import shutil
import sqlite3
import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient

from pipeline.system import checkout
from pipeline.system.errors import UserError
from pipeline.tracking.agreement import Experiment, store

NAME = "regularization-study"
EXPERIMENT_COPY = Path(".dvc/tmp/exps/standalone/tmpabc")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that is not this one: what has no place in the environment goes there."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(store, "main_checkout", lambda: checkout.main_checkout(folder))
    return folder


def own_experiments(uri: str) -> list[str]:
    """The ids of the experiments that go by the study's name."""
    found = MlflowClient(tracking_uri=uri).search_experiments(filter_string=f"name = '{NAME}'")
    return [experiment.experiment_id for experiment in found]


def journal_mode(database: Path) -> str:
    """How the file is journalled: a property of the file, the same for every connection."""
    connection = sqlite3.connect(database)
    try:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    finally:
        connection.close()


# ---- which store ----


@pytest.mark.parametrize("chosen", ["", None])
def test_the_default_is_a_file_in_the_root_whatever_the_working_directory(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    if chosen is None:
        monkeypatch.delenv("MLFLOW_TRACKING_URI")
    for folder in (repository, repository / "tests", tmp_path):
        monkeypatch.chdir(folder)
        assert store.uri() == f"sqlite:///{repository}/mlflow.db"


@pytest.mark.parametrize("path", ["mlflow.db", "deep/er/runs.db"])
def test_a_relative_file_is_taken_from_the_root(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    for folder in (root, tmp_path):
        monkeypatch.chdir(folder)
        assert store.uri() == f"sqlite:///{root}/{path}"


@pytest.mark.parametrize(
    "chosen",
    ["sqlite:////elsewhere/runs.db", "http://127.0.0.1:1", "postgresql://server/runs", "databricks"],
)
def test_any_other_place_is_taken_as_it_is(root: Path, monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", chosen)
    assert store.uri() == chosen


def test_an_experiment_of_dvc_records_in_the_checkout_that_it_belongs_to(
    root: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = root / EXPERIMENT_COPY / "pipeline" / "system" / "checkout.py"
    copy.parent.mkdir(parents=True)
    shutil.copy(repository / "pipeline" / "system" / "checkout.py", copy)
    spec = spec_from_file_location("checkout_in_a_copy", copy)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert root / EXPERIMENT_COPY == module.ROOT
    monkeypatch.setattr(store, "main_checkout", module.main_checkout)
    monkeypatch.chdir(root / EXPERIMENT_COPY)
    assert store.uri() == f"sqlite:///{root}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mine.db")
    assert store.uri() == f"sqlite:///{root}/mine.db"


# ---- which experiment ----


def test_the_store_is_made_where_there_is_none(root: Path, tmp_path: Path) -> None:
    client, identity = store.opened(Experiment(NAME))
    database = root / "mlflow.db"
    assert database.is_file()
    found = client.get_experiment(identity)
    assert (found.name, found.artifact_location) == (NAME, (root / "mlartifacts").as_uri())
    assert journal_mode(database) == "wal"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkout"]


def test_what_is_there_is_used(database: Path) -> None:
    first = store.opened(Experiment(NAME))[1]
    again = store.opened(Experiment(NAME))[1]
    assert own_experiments(f"sqlite:///{database}") == [first] == [again]
    location = MlflowClient(tracking_uri=f"sqlite:///{database}").get_experiment(first).artifact_location
    assert location == (database.parent / "mlartifacts").as_uri()


def test_a_store_is_made_by_one_process_at_a_time(database: Path) -> None:
    made = threading.Event()

    def make() -> None:
        store.opened(Experiment(NAME))
        made.set()

    waiting = threading.Thread(target=make, daemon=True)
    with FileLock(f"{database}.lock"):
        waiting.start()
        assert not made.wait(0.5)
    waiting.join()
    assert made.is_set()


def test_readers_are_let_into_a_store_that_kept_them_out(database: Path) -> None:
    assert journal_mode(database) != "wal"
    store.opened(Experiment(NAME))
    assert journal_mode(database) == "wal"


def test_the_client_is_of_the_chosen_store(database: Path) -> None:
    client, identity = store.opened(Experiment(NAME))
    client.create_run(identity, run_name="seen")
    other = MlflowClient(tracking_uri=f"sqlite:///{database}")
    assert [run.info.run_name for run in other.search_runs([identity])] == ["seen"]


def test_the_experiment_of_mlflow_run_is_obeyed(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"sqlite:///{database}"
    given = MlflowClient(tracking_uri=uri).create_experiment("chosen by mlflow run")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", given)
    client, identity = store.opened(Experiment(NAME))
    assert identity == given
    assert client.get_experiment(identity).name == "chosen by mlflow run"
    assert own_experiments(uri) == []


def test_the_outer_run_is_the_one_that_mlflow_run_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.outer_run() is None
    monkeypatch.setenv("MLFLOW_RUN_ID", "abc")
    assert store.outer_run() == "abc"


def test_a_folder_that_is_missing_is_made(
    root: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///deep/er/runs.db")
    store.opened(Experiment(NAME))
    assert own_experiments(f"sqlite:///{root}/deep/er/runs.db") == ["1"]


def test_an_experiment_deleted_in_the_ui_does_not_stop_the_study(database: Path) -> None:
    client, identity = store.opened(Experiment(NAME))
    client.delete_experiment(identity)
    client, identity = store.opened(Experiment(NAME))
    assert client.create_run(identity).info.status == "RUNNING"
    assert client.get_experiment(identity).lifecycle_stage == "active"


@pytest.mark.usefixtures("empty_store")
def test_an_address_with_a_wrong_port_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql+psycopg2://me@127.0.0.1:abc/runs")
    with pytest.raises(
        store.UnreachableError, match=r"^MLFLOW_TRACKING_URI: expected a store that answers and lets us in"
    ):
        store.opened(Experiment(NAME))


@pytest.mark.parametrize(
    ("name", "value"), [("MLFLOW_EXPERIMENT_ID", "4711"), ("MLFLOW_RUN_ID", "0123456789abcdef" * 2)]
)
def test_a_variable_that_names_what_is_not_there_is_one_line(
    database: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    monkeypatch.setenv(name, value)
    with pytest.raises(
        UserError, match=rf"^{name}: expected what the store has, received '{value}'.*unset {name}$"
    ):
        store.opened(Experiment(NAME))


@pytest.mark.parametrize(
    "name", ["MLFLOW_REGISTRY_URI", "MLFLOW_READ_REPLICA_BACKEND_STORE_URI", "MLFLOW_WORKSPACE_STORE_URI"]
)
def test_a_variable_that_names_a_second_store_is_one_line(
    database: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "postgresql://me:secret@there/other")
    with pytest.raises(UserError) as caught:
        store.opened(Experiment(NAME))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{name}: expected no value, for ")
    assert line.endswith("received postgresql://***@there/other; unset it")
    monkeypatch.setenv(name, f"sqlite:///{database}")  # the same store is no second one
    store.opened(Experiment(NAME))


@pytest.mark.parametrize("name", ["a%2Fb", "what?"])
def test_a_path_that_an_address_cannot_hold_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """MLflow would try for two minutes to open another file."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/{name}/runs.db")
    with pytest.raises(UserError, match=r"^MLFLOW_TRACKING_URI: expected the path of a database without %"):
        store.opened(Experiment(NAME))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("revision", ["451aebb31d03", "ffffffffffff"])  # an older one, and an unknown
def test_a_store_of_another_version_is_one_line_that_says_how_it_is_migrated(
    database: Path, revision: str
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    with pytest.raises(store.VersionError) as caught:
        store.opened(Experiment(NAME))
    (line,) = str(caught.value).splitlines()
    assert line.startswith("MLFLOW_TRACKING_URI: expected a store of MLflow ")
    assert f"keep a copy, then run: python -m mlflow db upgrade sqlite:///{database} " in line


def test_a_database_whose_content_is_damaged_is_one_line(
    database: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Other bytes in a text: MLflow would print a traceback of its own before the error."""
    client, identity = store.opened(Experiment(NAME))
    client.create_run(identity, run_name="one")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE runs SET name = CAST(x'ff' AS TEXT)")
    connection.close()
    with pytest.raises(store.UnreachableError) as caught, store.reached():
        client.search_runs([identity])
    assert str(caught.value).startswith("MLFLOW_TRACKING_URI: expected a store that goes on answering, ")
    assert capfd.readouterr().err == ""


def test_what_a_store_says_does_not_move_the_cursor() -> None:
    assert store.said(OSError("no \x1b[2Jsuch\x07 file\nmore")) == "no  [2Jsuch  file"
