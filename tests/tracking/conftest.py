"""An empty MLflow store, made once and copied for every test: making one takes seconds."""

import os
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipeline.tracking.study import experiment


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take MLflow's variables away, and put back what the test and MLflow itself make of them."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    # Also where it was not set: MLflow sets it, and it would reach the next test.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file of a store with no experiment but MLflow's own."""
    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}")
    return path


@pytest.fixture
def database(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The SQLite file of the test's own store, which the environment names."""
    path = tmp_path / "store" / "runs.db"
    path.parent.mkdir()
    shutil.copy(empty_store, path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    return path


@pytest.fixture
def study(database: Path) -> tuple[MlflowClient, str]:
    """A client of the test's own store, and the experiment that the pipeline makes in it."""
    _, identity = experiment.experiment()
    return MlflowClient(tracking_uri=f"sqlite:///{database}"), identity
