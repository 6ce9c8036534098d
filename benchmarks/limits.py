"""One core against the arithmetic: an epoch of the engine against the matrix products of the same epoch."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import cells
from benchmarks.measure import Measured, alternately, seconds

GOALS = {"notebook": 2.0, "small": 1.5}
EPOCHS = {"notebook": 1, "small": 30}
ROUNDS = 9


def benchmark(setting: str) -> Measured:
    """Measure an epoch of the baseline, training only, on one thread each."""
    from pipeline.training import backend

    backend.import_keras()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from pipeline.datasets.seeds import batch_order
    from pipeline.training import models
    from pipeline.training.engine import Engine

    run = cells.runs(setting, ["baseline"], splits=1)[0]
    data = cells.replicate(run)
    images = tf.constant(data.train_images, tf.float32) / 255.0
    labels = tf.constant(data.train_labels, tf.int32)
    active = models.regularizers(run)
    model = models.build(run, active, data.train_images.shape[1:], data.classes)
    engine = Engine(model, models.loss(active), models.optimizer(run, active), run.batch_size)
    repeats = EPOCHS[setting]

    def ours() -> float:
        return seconds(
            lambda: engine.fit(
                images, labels, lambda epoch: batch_order(0, epoch, run.train_size), repeats, dict
            )
        )

    products = _Products(
        images.numpy().reshape(len(labels), -1), run.architecture.width, data.classes, run.batch_size
    )

    def limit() -> float:
        with threadpool_limits(1):
            return seconds(lambda: products.epochs(repeats))

    ours(), limit()  # trace, and touch the memory
    epoch, bound = alternately(ours, limit, ROUNDS)
    ratios = [a / b for a, b in zip(epoch, bound, strict=True)]
    ours_ms, bound_ms = (1000 * min(times) / repeats for times in (epoch, bound))
    note = f"{ours_ms:.1f} ms an epoch, the products alone {bound_ms:.1f} ms"
    return Measured(f"limit_{setting}", ratios, GOALS[setting], "times the products", False, note)


class _Products:
    """The matrix products of one epoch of a network with one hidden layer, in numpy."""

    def __init__(self, images: np.ndarray, hidden: int, classes: int, batch: int) -> None:
        rng = np.random.default_rng(0)
        self.images, self.batch = images, batch
        self.first = rng.normal(size=(images.shape[1], hidden)).astype(np.float32)
        self.second = rng.normal(size=(hidden, classes)).astype(np.float32)
        self.hidden = np.empty((batch, hidden), np.float32)
        self.gradient = np.empty_like(self.first)

    def epochs(self, count: int) -> None:
        for start in [*range(0, len(self.images), self.batch)] * count:
            batch = self.images[start : start + self.batch]
            np.matmul(batch, self.first, out=self.hidden)
            logits = self.hidden @ self.second
            back = logits @ self.second.T
            self.hidden.T @ logits
            np.matmul(batch.T, back, out=self.gradient)
