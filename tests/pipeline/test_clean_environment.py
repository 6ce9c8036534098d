"""A registered network needs MLflow and Keras alone: loaded by its alias, far from this project."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from tests.pipeline.clone import Clone

# What docs/tracking.md says, in a process that sees neither the project nor the user's settings.
LOADS = """
import json, sys
import mlflow
network = mlflow.pyfunc.load_model(sys.argv[1])
example = network.input_example
names = sorted(name for name in sys.modules if name.partition(".")[0] in ("pipeline", "tests"))
print(json.dumps({"example": example.tolist(), "logits": network.predict(example).tolist(), "names": names}))
"""


def by_hand(clone: Clone, variant: str, key: str, images: np.ndarray) -> np.ndarray:
    """The logits of a run's network without Keras: its layers are affine maps with ReLU between."""
    with np.load(clone.root / "results" / "runs" / variant / f"{key}.npz", allow_pickle=False) as archive:
        weights = {name.removeprefix("weights/"): archive[name] for name in archive.files if "/" in name}
    values = images.reshape(len(images), -1)
    names = sorted({name.partition("/")[0] for name in weights} - {"logits"})
    for name in names:
        values = np.maximum(values @ weights[f"{name}/kernel"] + weights[f"{name}/bias"], 0)
    return np.asarray(values @ weights["logits/kernel"] + weights["logits/bias"])


@pytest.mark.parametrize("alias", ["champion", "baseline"])
def test_a_network_is_loaded_by_its_alias_and_predicts(toy_clone: Clone, tmp_path: Path, alias: str) -> None:
    name = "regularization-study-small"
    store = f"sqlite:///{toy_clone.root}/mlflow.db"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", LOADS, f"models:/{name}@{alias}"],
        cwd=tmp_path,
        env={"PATH": toy_clone.environment["PATH"], "HOME": str(tmp_path), "MLFLOW_TRACKING_URI": store},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["names"] == []
    version = MlflowClient(tracking_uri=store).get_model_version_by_alias(name, alias)
    images = np.array(said["example"], np.float32)
    assert images.shape == (2, 28, 28)
    assert 0 <= images.min() < images.max() <= 1
    expected = by_hand(toy_clone, version.tags["variant"], version.tags["run_key"], images)
    assert np.allclose(said["logits"], expected, rtol=0, atol=1e-4)
