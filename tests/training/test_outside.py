"""What is configured outside the study changes no bit of a run: neither Keras' file nor the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NETWORKS = {
    "dense": {"hidden": [8], "activation": "relu"},
    "conv": {"filters": [4], "kernel": 3, "dense": 8, "activation": "relu"},
}
# Trains both networks on made-up images that are not square, and prints a digest of each one's logits.
PROGRAM = f"""
import hashlib
import numpy as np
from pipeline.training.backend import import_keras
import_keras()
import keras
from pipeline.networks import discover
from pipeline.networks.layers import Layers
from pipeline.regularizers.batch_norm import BatchNorm

assert keras.backend.backend() == "tensorflow"
rng = np.random.default_rng(0)
images, labels = rng.random((64, 12, 10), np.float32), rng.integers(0, 3, 64)
for name, fields in {NETWORKS!r}.items():
    layers = Layers([BatchNorm(momentum=0.9)], lambda layer: 1, lambda layer: 2)
    inputs = keras.Input(images.shape[1:])
    features = discover()[name](**fields).features(inputs, layers)
    model = keras.Model(inputs, layers.dense("logits", 3, constrained=False)(features))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, labels, epochs=2, batch_size=16, shuffle=False, verbose=0)
    print(name, hashlib.sha256(model.predict(images, verbose=0).tobytes()).hexdigest())
"""
FILES = {
    "channels first": {"image_data_format": "channels_first"},
    "half precision": {"floatx": "float16"},
    "another backend": {"backend": "jax"},
}
VARIABLES = {
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_BACKEND": "numpy",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
}


def printed(home: Path, **variables: str) -> list[str]:
    environment = {**os.environ, "KERAS_HOME": str(home), **variables}
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return printed(tmp_path_factory.mktemp("keras"))


@pytest.mark.parametrize("name", FILES)
def test_the_users_keras_json(name: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text(json.dumps(FILES[name]), encoding="utf-8")
    assert printed(tmp_path) == expected


def test_the_users_environment(expected: list[str], tmp_path: Path) -> None:
    assert len(expected) == len(NETWORKS)
    assert printed(tmp_path, **VARIABLES) == expected
