"""The trained network in MLflow: loaded by Keras and by MLflow alone, it says what it said."""

import re
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline.plan import Run
from pipeline.tracking import Recorder
from pipeline.training.backend import import_keras

import_keras()
import pipeline.training.trainer  # noqa: E402, F401  (one thread, as in a worker)
from pipeline.training import models  # noqa: E402

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
SHAPE, CLASSES = (28, 28), 10
MIXES: dict[str, dict[str, Any]] = {
    "baseline": {},
    "mixed": {
        "batch_norm": {"momentum": 0.9},
        "dropout": {"rate": 0.5},
        "gaussian_noise": {"stddev": 0.3},
        "l1": {"strength": 0.1},
        "l2": {"strength": 0.1},
        "max_norm": {"limit": 1.0},
    },
}


def images(count: int = 6) -> np.ndarray:
    return np.random.default_rng(0).random((count, *SHAPE), np.float32)


def network(run: Run) -> Any:
    """A network with weights that no initialiser gives, restored as the stage restores it."""
    rng = np.random.default_rng(1)
    shapes = {models.weight_name(v): v.shape for v in models.build(run, SHAPE, CLASSES).weights}
    weights = {name: rng.random(shape, np.float32) / 5 for name, shape in shapes.items()}
    return models.restore(run, weights, SHAPE, CLASSES)


@pytest.fixture(params=MIXES)
def logged(request: pytest.FixtureRequest, study: Study, tiny_run: MakeRun) -> tuple[Any, Any]:
    """The network that was logged, and MLflow's entry of it."""
    run = tiny_run(hidden=[8], variant=request.param, regularizers=MIXES[request.param], key="best")
    model = network(run)
    with Recorder([run]) as recorder:
        recorder.log_model(run, model, SHAPE, CLASSES)
    client, experiment = study
    (entry,) = client.search_logged_models([experiment])
    return model, entry


def test_keras_loads_it_back(logged: tuple[Any, Any]) -> None:
    model, entry = logged
    expected = model.predict(images(), verbose=0)
    assert np.ptp(expected) > 0.01
    loaded = mlflow.keras.load_model(entry.model_uri)
    assert np.array_equal(loaded.predict(images(), verbose=0), expected)


def test_mlflow_loads_it_back(logged: tuple[Any, Any]) -> None:
    model, entry = logged
    plain = mlflow.pyfunc.load_model(entry.model_uri)
    # Eager or in a graph: float32 sums may differ in their last digit.
    assert np.allclose(plain.predict(images()), model.predict(images(), verbose=0), rtol=0, atol=1e-5)


def test_its_signature_and_requirements_are_given(logged: tuple[Any, Any]) -> None:
    entry = logged[1]
    info = mlflow.models.get_model_info(entry.model_uri)
    (taken,), (given,) = info.signature.inputs.inputs, info.signature.outputs.inputs
    assert (taken.type, taken.shape) == (np.float32, (-1, 28, 28))
    assert (given.type, given.shape) == (np.float32, (-1, 10))
    folder = Path(mlflow.artifacts.download_artifacts(entry.model_uri))
    listed = (folder / "requirements.txt").read_text(encoding="utf-8").split()
    pinned = dict(line.split("==") for line in listed)
    assert pinned.keys() == {"mlflow", "tensorflow", "keras"}
    assert pinned["keras"] == metadata.version("keras")
    assert all(re.fullmatch(r"\d+(\.\d+)+", number) for number in pinned.values())
    # What is loaded by name is looked up in Keras alone, so that the model outlives this project.
    saved = next(folder.rglob("*.keras"))
    assert b"pipeline" not in saved.read_bytes()


def test_it_belongs_to_the_parent_of_its_setting(study: Study, logged: tuple[Any, Any]) -> None:
    client, experiment = study
    entry = logged[1]
    (parent,) = client.search_runs([experiment], "tags.kind = 'variant'")
    assert entry.source_run_id == parent.info.run_id
    assert parent.info.status == "FINISHED"
    assert entry.name == f"tiny-{parent.data.tags['variant']}"
    named = {"variant": parent.data.tags["variant"], "setting": "tiny", "run_key": "best"}
    assert entry.tags.items() >= named.items()


def test_an_image_of_another_size_is_refused(logged: tuple[Any, Any]) -> None:
    plain = mlflow.pyfunc.load_model(logged[1].model_uri)
    with pytest.raises(mlflow.MlflowException, match="28"):
        plain.predict(np.zeros((2, 8, 8), np.float32))


def test_the_artifacts_lie_beside_the_store(database: Path, logged: tuple[Any, Any]) -> None:
    location = logged[1].artifact_location
    assert location.startswith((database.parent / "mlartifacts").as_uri())


def test_the_same_stage_again_replaces_its_model(study: Study, tiny_run: MakeRun) -> None:
    client, experiment = study
    run = tiny_run(hidden=[8], key="best")
    for _ in range(2):
        with Recorder([run]) as recorder:
            recorder.log_model(run, network(run), SHAPE, CLASSES)
    (parent,) = client.search_runs([experiment], "tags.kind = 'variant'")
    sources = [entry.source_run_id for entry in client.search_logged_models([experiment])]
    assert sources == [parent.info.run_id]
