"""Where the runs are recorded: one experiment in the store that the environment names, or in our own."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.db.utils import create_sqlalchemy_engine
from mlflow.utils import mlflow_tags
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.checkout import main_checkout
from pipeline.errors import UserError
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
ASKED, READERS = 500, 8  # runs in one query to a database; requests at a time to a server
EVERYTHING = 2**31 - 1


class UnreachableError(UserError):
    """The store does not answer, or does not let us in."""


# What a call raises when the store goes away.
UNREACHABLE = (UnreachableError, MlflowException, SQLAlchemyError, RequestException)


def uri() -> str:
    """Return `MLFLOW_TRACKING_URI`, or the SQLite file in the root of the checkout.

    A relative SQLite path is taken from the root of the checkout, whatever the working directory; a
    password is taken out and left to the client's own variable.
    """
    chosen = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    if not chosen.startswith(SQLITE):
        return address.entrusted(chosen)
    return f"{SQLITE}{main_checkout() / chosen.removeprefix(SQLITE)}"


def experiment() -> tuple[MlflowClient, str]:
    """Return a client and the study's experiment, making store and experiment where they are missing.

    Under `mlflow run` it is the experiment that mlflow chose, so that the study nests under its run.
    Raises UnreachableError for a store that does not answer, or does not let us in.
    """
    chosen = uri()
    try:
        mlflow.set_tracking_uri(chosen)
        _ask_once(chosen)
        with _alone(chosen):
            client = MlflowClient()
            return client, os.environ.get("MLFLOW_EXPERIMENT_ID") or _own_experiment(client, chosen)
    except (MlflowException, SQLAlchemyError, ImportError, ValueError, OSError, sqlite3.Error) as error:
        shown = address.redacted(f"received {chosen} ({said(error)})")
        # From nothing: what is hidden here stands in the cause.
        raise UnreachableError(
            f"MLFLOW_TRACKING_URI: expected a store that answers and lets us in, {shown}"
        ) from None


def histories(client: MlflowClient, identities: Sequence[str], metric: str) -> Iterator[tuple[str, Metric]]:
    """Yield every point of a metric of runs, with the id of its run."""
    asked = client._tracking_client.store  # MLflow's own server asks it so: the client has no call for many
    if hasattr(asked, "get_metric_history_bulk"):
        for first in range(0, len(identities), ASKED):
            some = asked.get_metric_history_bulk(identities[first : first + ASKED], metric, EVERYTHING)
            yield from ((point.run_id, point) for point in some)
        return
    with ThreadPoolExecutor(READERS) as readers:
        answers = readers.map(lambda identity: client.get_metric_history(identity, metric), identities)
        for identity, history in zip(identities, answers, strict=True):
            yield from ((identity, point) for point in history)


def said(error: BaseException) -> str:
    """Return what an error says, on one line and without a secret."""
    lines = str(error).splitlines() or [type(error).__name__]
    return address.redacted(lines[0])[:200]


def _own_experiment(client: MlflowClient, chosen: str) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found:
        if found.lifecycle_stage != "active":  # deleted in the UI, where its name stays taken
            client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)
    try:
        made = str(client.create_experiment(EXPERIMENT, artifact_location=_artifacts(chosen)))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return _own_experiment(client, chosen)  # somebody else made it just now
    client.set_experiment_tag(made, mlflow_tags.MLFLOW_RUN_NOTE, NOTE)
    return made


def outer_run() -> str | None:
    """Return the run that `mlflow run` started around this process, if any."""
    return os.environ.get("MLFLOW_RUN_ID")


def is_database(chosen: str) -> bool:
    """Return whether an address is that of a database, not of a server that keeps one."""
    return chosen.partition("://")[0].partition("+")[0] in DATABASE_ENGINES


def _artifacts(chosen: str) -> str | None:
    """Return where artifacts go: a server knows, a file has them beside it, any other database here."""
    if not is_database(chosen):
        return None
    beside = Path(chosen.removeprefix(SQLITE)).parent if chosen.startswith(SQLITE) else main_checkout()
    return (beside / "mlartifacts").as_uri()


def _ask_once(chosen: str) -> None:
    # MLflow asks a database ten times, over minutes, also where it is the password that is wrong.
    if is_database(chosen) and not chosen.startswith(SQLITE):
        # With the certificates that MLflow's variables name.
        engine = create_sqlalchemy_engine(chosen)  # type: ignore[no-untyped-call]
        engine.connect().close()
        engine.dispose()


@contextmanager
def _alone(chosen: str) -> Iterator[None]:
    """Let one process at a time make a store in a file: two at once leave it broken."""
    if not chosen.startswith(SQLITE):
        yield
        return
    database = Path(chosen.removeprefix(SQLITE))
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _let_readers_in(database)
        yield


def _let_readers_in(database: Path) -> None:
    # Write-ahead logging lets the UI read while a stage writes, and makes a batch cost 0.03 s.
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
