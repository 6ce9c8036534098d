"""Keras on TensorFlow, made ready the same way in every process."""

from __future__ import annotations

import os
import sys

# Keras imports these when it finds them and training uses none of them: without them a worker is ready
# in two seconds instead of four.
UNUSED = ("matplotlib", "pandas", "scipy", "sklearn")


def import_keras() -> None:
    """Import Keras on TensorFlow without what it would load and training never uses."""
    absent = [name for name in UNUSED if name not in sys.modules]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # oneDNN orders its additions by the processor it finds, and is no faster at these sizes.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        import keras  # noqa: F401
        import tensorflow
    finally:
        for name in absent:
            del sys.modules[name]
    tensorflow.get_logger().setLevel("ERROR")  # it warns that a new network is traced
