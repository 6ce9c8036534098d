"""Where the runs are recorded: one experiment in the store that the environment names, or in our own."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from pipeline.checkout import main_checkout

EXPERIMENT = "regularization-study"
SQLITE = "sqlite:///"


def uri() -> str:
    """Return `MLFLOW_TRACKING_URI`, or the SQLite file in the root of the checkout.

    A relative SQLite path is taken from the root of the checkout, whatever the working directory.
    """
    chosen = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    if not chosen.startswith(SQLITE):
        return chosen
    return f"{SQLITE}{main_checkout() / chosen.removeprefix(SQLITE)}"


def experiment() -> tuple[MlflowClient, str]:
    """Return a client and the study's experiment, making store and experiment where they are missing.

    Under `mlflow run` it is the experiment that mlflow chose, so that the study nests under its run.
    """
    chosen = uri()
    mlflow.set_tracking_uri(chosen)
    if chosen.startswith(SQLITE):
        _let_readers_in(Path(chosen.removeprefix(SQLITE)))
    client = MlflowClient()
    given = os.environ.get("MLFLOW_EXPERIMENT_ID")
    if given:
        return client, given
    found = client.get_experiment_by_name(EXPERIMENT)
    if found:
        if found.lifecycle_stage != "active":  # deleted in the UI, where its name stays taken
            client.restore_experiment(found.experiment_id)
        return client, found.experiment_id
    # A server knows where its artifacts go; a file keeps them beside it.
    own = None
    if chosen.startswith(SQLITE):
        own = (Path(chosen.removeprefix(SQLITE)).parent / "mlartifacts").as_uri()
    return client, client.create_experiment(EXPERIMENT, artifact_location=own)


def outer_run() -> str | None:
    """Return the run that `mlflow run` started around this process, if any."""
    return os.environ.get("MLFLOW_RUN_ID")


def _let_readers_in(database: Path) -> None:
    # Write-ahead logging lets the UI read while a stage writes, and makes a batch cost 0.03 s.
    database.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
