"""Keras, quick and quiet, before the tests of this folder import it."""

from pipeline.training.backend import import_keras

import_keras()
import pipeline.training.trainer  # noqa: E402, F401  (one thread, as in a worker)
