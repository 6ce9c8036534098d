"""What a worker of this machine has loaded: imported once, by the process that workers are forked from.

Nothing is computed here: a process that has run TensorFlow cannot be forked.
"""

import ctypes
import importlib
import os
from contextlib import suppress

# A worker has one thread: libraries are kept from starting more, and what is forked must have one alone.
os.environ |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

from pipeline.training.backend import import_keras

import_keras()

# Memory that an epoch has freed is kept for the next one: to give it back and fetch it again takes a tenth
# of the time of a small network. `mallopt` is glibc's; other systems go without.
LARGE = 1 << 30  # bytes
with suppress(OSError, AttributeError):
    for parameter in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        ctypes.CDLL(None).mallopt(parameter, LARGE)

for name in ("pipeline.training.trainer", "pipeline.training.fanout"):
    importlib.import_module(name)
