"""Where the runs are recorded: one experiment, in the store that the environment names or in a local file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.db.utils import create_sqlalchemy_engine
from mlflow.utils import mlflow_tags
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.system.checkout import main_checkout
from pipeline.system.errors import UserError
from pipeline.tracking import address

EXPERIMENT = "regularization-study"
NOTE = """Every Keras run of the study, as DVC keeps it.

A run of kind `variant` is the parent of the replicates of one variant in one setting. It has the mean of
every final value (`final/`), the ends of its 95 % interval over the training sets (`low/`, `high/`), and how
many `runs` there are. Below it are its replicates (`run`) and the trials that its strength was chosen by
(`trial`), with curves by epoch (`epoch/`). The run of kind `study` holds the report and its figures.

- One row a variant: `tags.kind = 'variant' and tags.current = 'true'`
- One variant against another: `tags.kind = 'run'`, grouped by the tags `setting` and `variant`
- `tags.current = 'false'`: runs of another revision, or of an experiment (`dvc_experiment`)

`python -m pipeline verify` compares all of it with what DVC keeps, `python -m pipeline sync` writes it.
"""
SQLITE = "sqlite:///"
RUNS_PER_QUERY = 500  # to a database
READERS = 8  # requests at a time to a server
NO_LIMIT = 2**31 - 1


class UnreachableError(UserError):
    """The store does not answer, or refuses access."""


# What a call raises when the store is no longer reachable.
UNREACHABLE = (UnreachableError, MlflowException, SQLAlchemyError, RequestException)


def uri() -> str:
    """Return `MLFLOW_TRACKING_URI`, or the SQLite file in the root of the checkout.

    A relative SQLite path starts at the root of the checkout, whatever the working directory. A password
    is removed from the address: the client reads it from its own variable.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    if not named.startswith(SQLITE):
        return address.entrusted(named)
    return f"{SQLITE}{main_checkout() / named.removeprefix(SQLITE)}"


def experiment() -> tuple[MlflowClient, str]:
    """Return a client and the id of the study's experiment; create store and experiment if missing.

    Under `mlflow run` it is the experiment that mlflow chose, so that the study nests under its run.
    Raises UnreachableError for a store that does not answer, or refuses access.
    """
    tracking_uri = uri()
    try:
        mlflow.set_tracking_uri(tracking_uri)
        _connect_once(tracking_uri)
        with _one_process_at_a_time(tracking_uri):
            client = MlflowClient()
            return client, os.environ.get("MLFLOW_EXPERIMENT_ID") or _study_experiment(client, tracking_uri)
    except (MlflowException, SQLAlchemyError, ImportError, ValueError, OSError, sqlite3.Error) as error:
        shown = address.redacted(f"received {tracking_uri} ({said(error)})")
        # `from None`, because the cause would show what is redacted here.
        raise UnreachableError(
            f"MLFLOW_TRACKING_URI: expected a store that answers and lets us in, {shown}"
        ) from None


def histories(client: MlflowClient, identities: Sequence[str], metric: str) -> Iterator[tuple[str, Metric]]:
    """Yield every point of a metric of these runs, with the id of its run."""
    backend = client._tracking_client.store  # the client has no call for the histories of many runs
    if hasattr(backend, "get_metric_history_bulk"):
        for start in range(0, len(identities), RUNS_PER_QUERY):
            queried = identities[start : start + RUNS_PER_QUERY]
            points = backend.get_metric_history_bulk(queried, metric, NO_LIMIT)
            yield from ((point.run_id, point) for point in points)
        return
    with ThreadPoolExecutor(READERS) as readers:
        histories_of_runs = readers.map(lambda run: client.get_metric_history(run, metric), identities)
        for identity, history in zip(identities, histories_of_runs, strict=True):
            yield from ((identity, point) for point in history)


def said(error: BaseException) -> str:
    """Return the first line of an error's text, without secrets."""
    lines = str(error).splitlines() or [type(error).__name__]
    return address.redacted(lines[0])[:200]


def _study_experiment(client: MlflowClient, tracking_uri: str) -> str:
    existing = client.get_experiment_by_name(EXPERIMENT)
    if existing:
        if existing.lifecycle_stage != "active":  # deleted in the UI, which keeps its name taken
            client.restore_experiment(existing.experiment_id)
        return str(existing.experiment_id)
    try:
        created = str(client.create_experiment(EXPERIMENT, artifact_location=_artifacts(tracking_uri)))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return _study_experiment(client, tracking_uri)  # another process created it just now
    client.set_experiment_tag(created, mlflow_tags.MLFLOW_RUN_NOTE, NOTE)
    return created


def outer_run() -> str | None:
    """Return the run that `mlflow run` started around this process, if any."""
    return os.environ.get("MLFLOW_RUN_ID")


def is_database(tracking_uri: str) -> bool:
    """Return whether an address is that of a database, and not of a server in front of one."""
    return tracking_uri.partition("://")[0].partition("+")[0] in DATABASE_ENGINES


def _artifacts(tracking_uri: str) -> str | None:
    """Return where artifacts go: beside a database file, in the checkout for other databases.

    None for a server, which decides itself.
    """
    if not is_database(tracking_uri):
        return None
    in_file = tracking_uri.startswith(SQLITE)
    folder = Path(tracking_uri.removeprefix(SQLITE)).parent if in_file else main_checkout()
    return (folder / "mlartifacts").as_uri()


def _connect_once(tracking_uri: str) -> None:
    # MLflow tries to connect ten times, over minutes, even with a wrong password. One attempt fails at once.
    if is_database(tracking_uri) and not tracking_uri.startswith(SQLITE):
        # MLflow's own function, so that the certificates in its variables are used.
        engine = create_sqlalchemy_engine(tracking_uri)  # type: ignore[no-untyped-call]
        engine.connect().close()
        engine.dispose()


@contextmanager
def _one_process_at_a_time(tracking_uri: str) -> Iterator[None]:
    """Let one process at a time create a store in a file: two at once leave it broken."""
    if not tracking_uri.startswith(SQLITE):
        yield
        return
    database = Path(tracking_uri.removeprefix(SQLITE))
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f"{database.name}.lock")):
        _allow_readers(database)
        yield


def _allow_readers(database: Path) -> None:
    # With write-ahead logging the UI can read while a stage writes, and a batch takes only 0.03 s.
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
