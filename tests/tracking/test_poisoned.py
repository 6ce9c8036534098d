"""A model that carries code is refused, by Keras and by MLflow, and the code is not run."""

import json
import zipfile
from pathlib import Path

import mlflow
import pytest

from pipeline.training.backend import import_keras

import_keras()
import keras  # noqa: E402


def poisoned(folder: Path, target: Path) -> Path:
    """A network as MLflow keeps it, with a layer that is a marshalled function which makes a file."""
    network = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Lambda(lambda x, path=str(target): (Path(path).write_text(""), x)[1]),
        ]
    )
    target.unlink(missing_ok=True)  # building it has run it
    model = folder / "model"
    mlflow.keras.save_model(network, str(model), pip_requirements=["keras"])
    target.unlink(missing_ok=True)
    (saved,) = model.rglob("*.keras")
    with zipfile.ZipFile(saved) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    assert any(layer["class_name"] == "Lambda" for layer in layers)
    return model


@pytest.mark.filterwarnings("ignore::UserWarning")  # it has no signature, and says so
def test_a_network_that_carries_code_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "exploded"
    model = poisoned(tmp_path, target)
    for load in (mlflow.keras.load_model, mlflow.pyfunc.load_model):
        with pytest.raises(ValueError, match=r"safe_mode|unsafe|arbitrary code"):
            load(str(model))
    assert not target.exists()
