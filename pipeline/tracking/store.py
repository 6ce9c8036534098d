"""Where the runs are recorded: one experiment in the store that the environment names, or in our own."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from sqlalchemy.exc import SQLAlchemyError

from pipeline.checkout import main_checkout
from pipeline.errors import UserError
from pipeline.tracking import address

EXPERIMENT = "regularization-study"
SQLITE = "sqlite:///"


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
    Raises UserError for a store that does not answer, or does not let us in.
    """
    chosen = uri()
    try:
        mlflow.set_tracking_uri(chosen)
        if chosen.startswith(SQLITE):
            _let_readers_in(Path(chosen.removeprefix(SQLITE)))
        client = MlflowClient()
        return client, os.environ.get("MLFLOW_EXPERIMENT_ID") or _own_experiment(client, chosen)
    except (MlflowException, SQLAlchemyError) as error:
        shown = address.redacted(f"received {chosen} ({str(error).splitlines()[0]})")
        # From nothing: what is hidden here stands in the cause.
        raise UserError(f"MLFLOW_TRACKING_URI: expected a store that lets us in, {shown}") from None


def _own_experiment(client: MlflowClient, chosen: str) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found:
        if found.lifecycle_stage != "active":  # deleted in the UI, where its name stays taken
            client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)
    return str(client.create_experiment(EXPERIMENT, artifact_location=_artifacts(chosen)))


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


def _let_readers_in(database: Path) -> None:
    # Write-ahead logging lets the UI read while a stage writes, and makes a batch cost 0.03 s.
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
