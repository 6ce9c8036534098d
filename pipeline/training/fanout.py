"""Many runs, on the cores of this machine."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import joblib

from pipeline.data import prepared
from pipeline.data.mnist import Images
from pipeline.plan import Run
from pipeline.records import Result

# Keras imports these when it finds them and training uses none of them: without them a worker is ready
# in two seconds instead of four.
UNUSED = ("matplotlib", "pandas", "scipy", "sklearn")


def workers() -> int:
    """Return how many runs to train at a time: one a core that this process may use."""
    return int(os.environ.get("WORKERS") or joblib.cpu_count())


def train_all(root: Path, runs: Sequence[Run]) -> Iterator[Result]:
    """Start to train `runs` in worker processes; the iterator gives each result as it is finished."""
    # Each worker has one thread; the variables keep libraries from starting more.
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        pool = joblib.Parallel(
            n_jobs=min(workers(), len(runs)), return_as="generator_unordered", batch_size=1
        )
        results: Iterator[Result] = pool(joblib.delayed(_train)(root, run) for run in runs)
        return results


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
        import tensorflow  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


def _train(root: Path, run: Run) -> Result:
    import_keras()
    from pipeline.training.trainer import train

    return train(run, prepared.replicate(_images(root), _split(root, run.setting), run.split))


@functools.cache
def _images(root: Path) -> Images:
    return prepared.read_images(root)


@functools.cache
def _split(root: Path, setting: str) -> prepared.Split:
    return prepared.read_split(root, setting)
