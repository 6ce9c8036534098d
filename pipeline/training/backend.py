"""Keras on TensorFlow, made ready the same way in every process."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.system.lean import lean

# What the libraries read from the environment, switches that change results among them. What they say and
# where Keras has its folder is the user's.
READ = ("TF_", "XLA_", "KERAS_", "ONEDNN_", "DNNL_")
HARMLESS = ("TF_CPP_", "KERAS_HOME")
NOTICES = (b"oneDNN custom operations are on", b"before absl::InitializeLog() is called")


def import_keras() -> None:
    """Import Keras on TensorFlow without what it would load and training never uses.

    What the user has configured for other programs, in the environment or in `keras.json`, has no effect.
    """
    for name in [name for name in os.environ if name.startswith(READ) and not name.startswith(HARMLESS)]:
        del os.environ[name]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # oneDNN trains a small convolutional network in a third of the time.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    with _unnoticed(), lean("matplotlib", "pandas", "scipy", "sklearn"):  # two seconds instead of four
        import keras
        import tensorflow
    tensorflow.get_logger().setLevel("ERROR")  # it warns that a new network is traced
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


@contextmanager
def _unnoticed() -> Iterator[None]:
    """Keep NOTICES from stderr, which TensorFlow writes before it knows its log level; all else passes."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            written.seek(0)
            os.write(2, b"".join(line for line in written if not any(notice in line for notice in NOTICES)))
