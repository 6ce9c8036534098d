"""What a worker of this machine has loaded: imported once, by the process that workers are forked from.

Nothing is computed here: a process that has run TensorFlow cannot be forked.
"""

import importlib
import os

# A worker has one thread: libraries are kept from starting more, and what is forked must have one alone.
os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

from pipeline.training.backend import import_keras

import_keras()
for name in ("pipeline.training.trainer", "pipeline.training.fanout"):
    importlib.import_module(name)
