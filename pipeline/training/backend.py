"""Keras on TensorFlow, made ready the same way in every process."""

from __future__ import annotations

import os

from pipeline.system.lean import lean


def import_keras() -> None:
    """Import Keras on TensorFlow without what it would load and training never uses."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # oneDNN orders its additions by the processor it finds, and is no faster at these sizes.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    with lean("matplotlib", "pandas", "scipy", "sklearn"):  # two seconds instead of four
        import keras  # noqa: F401
        import tensorflow
    tensorflow.get_logger().setLevel("ERROR")  # it warns that a new network is traced
