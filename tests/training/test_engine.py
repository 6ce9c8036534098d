"""The engine against plain `keras.Model.fit` on a convolutional network; its state, its noise, its memory.

How far weights may differ after 40 steps from the same start, ours in the engine and stock Keras in `fit`
(measured with one thread, on 1,814 weights):

- Gradient descent, and any optimizer that is the same object on both sides: the same bits (measured: 0).
- Adam and AdamW: 4e-7, for in float32 `1 - beta_2` is 0.001 to Keras and 0.00099999 to TensorFlow's
  kernel. One step moves a weight by 1e-3.

`fit` keeps the mean loss of an epoch in float32: 4e-7 of a loss of 2.2; with Adam's weights 4e-6.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.datasets.images import Images
from pipeline.datasets.seeds import batch_order
from pipeline.plan import Run
from pipeline.training import models
from pipeline.training.engine import Engine
from pipeline.training.optimizers import FusedAdam, FusedSGD
from tests.training import conv

MakeOptimizer = Callable[[], keras.Optimizer]
MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def data(mnist: Images) -> conv.Data:
    return conv.Data(mnist)


def largest(differences: list[np.ndarray]) -> float:
    return max(float(np.abs(array).max()) for array in differences)


# ---- the same training ----


@pytest.mark.parametrize(
    ("stock", "ours", "exact"),
    [
        (lambda: keras.optimizers.Adam(1e-3), lambda: FusedAdam(1e-3), False),
        (lambda: keras.optimizers.SGD(0.1, 0.9), lambda: FusedSGD(0.1, 0.9), True),
        (
            lambda: keras.optimizers.AdamW(1e-3, weight_decay=0.1),
            lambda: FusedAdam(1e-3, weight_decay=0.1),
            False,
        ),
        (lambda: keras.optimizers.RMSprop(1e-3), lambda: keras.optimizers.RMSprop(1e-3), True),
    ],
    ids=["adam", "momentum", "adamw", "any"],
)
def test_a_convolutional_network_is_trained_as_by_fit(
    data: conv.Data, stock: MakeOptimizer, ours: MakeOptimizer, exact: bool
) -> None:
    fitted, first = conv.network(), conv.network().get_weights()
    expected = conv.by_fit(fitted, stock(), data, epochs=4)
    engine = conv.engine_of(conv.network(), ours())
    received = conv.by_engine(engine, data, epochs=4)
    pairs = zip(fitted.get_weights(), engine.model.get_weights(), strict=True)
    assert largest([one - other for one, other in pairs]) < (1e-7 if exact else 2e-6)
    tolerance = 1e-6 if exact else 1e-5
    assert [row["loss"] for row in received] == pytest.approx(
        [row["loss"] for row in expected], rel=0, abs=tolerance
    )
    # All of it was trained, and by far more than the tolerance.
    for before, after in zip(first, fitted.get_weights(), strict=True):
        assert np.abs(after - before).max() > 1e-2


def test_weight_decay_is_not_lost_in_the_tolerance(data: conv.Data) -> None:
    trained = []
    for rate in (None, 0.1):
        engine = conv.engine_of(conv.network(), FusedAdam(1e-3, weight_decay=rate))
        conv.by_engine(engine, data, epochs=4)
        trained.append(engine.model.get_weights())
    assert largest([one - other for one, other in zip(*trained, strict=True)]) > 1e-4


def test_the_prediction_is_that_of_the_network(data: conv.Data) -> None:
    engine = conv.engine_of(conv.network(), FusedSGD(0.1))
    images = np.tile(data.train[0], (8, 1, 1))  # 2,400: in chunks
    expected = conv.network().predict(images, verbose=0)
    assert np.abs(engine.predict(tf.constant(images)) - expected).max() < 1e-5


# ---- the state ----


def noisy(seed: int) -> keras.Sequential:
    """What has a state beside its weights: masks and moving averages."""
    return conv.network(seed, keras.layers.Dropout(0.3, seed=seed), keras.layers.BatchNormalization())


class Faster(keras.callbacks.Callback):
    """Leaves another learning rate behind, and a training that is stopped."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate = 0.5
        self.model.stop_training = epoch == 1


@pytest.mark.parametrize(
    "make",
    [lambda: FusedAdam(0.01), lambda: FusedSGD(0.1, 0.9), lambda: FusedSGD(0.1, use_ema=True)],
    ids=["adam", "sgd", "averages"],
)
def test_a_reset_engine_is_a_new_engine(data: conv.Data, make: MakeOptimizer) -> None:
    used = conv.engine_of(noisy(1), make())
    assert len(conv.by_engine(used, data, epochs=3, callbacks=[Faster()])) == 2
    used.reset(noisy(2))
    new = conv.engine_of(noisy(2), make())
    rows = [conv.by_engine(engine, data, epochs=2, validate=True) for engine in (used, new)]
    assert rows[0] == rows[1]
    for one, other in zip(used.model.variables, new.model.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path
    for one, other in zip(used.model.optimizer.variables, new.model.optimizer.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path


# ---- the noise ----

RATE, WIDTH, ROWS, STEPS = 0.3, 784, 20, 12


class Tape(keras.layers.Layer):
    """Records what passes it in training, batch after batch (STEPS, ROWS, WIDTH)."""

    def build(self, shape: Any) -> None:
        self.seen = self.add_weight(shape=(STEPS, ROWS, WIDTH), initializer="zeros", trainable=False)
        self.count = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training:
            self.seen.assign(tf.tensor_scatter_nd_update(self.seen.value, [[self.count.value]], [inputs]))
            self.count.assign_add(1)
        return inputs


def dropped_ones(run: Run) -> np.ndarray:
    """What the dropout of `run` makes of ones, in every batch of the engine's loop (STEPS, ROWS, WIDTH)."""
    dropout = models.build(run, models.regularizers(run), (28, 28), 10).get_layer("hidden_1_dropout")
    tape = Tape()
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), dropout, tape, keras.layers.Dense(10)]
    )
    engine = Engine(model, conv.loss(), FusedSGD(0.1), ROWS)
    count = STEPS // 2 * ROWS
    images, labels = tf.ones((count, 28, 28)), tf.zeros(count, tf.int32)
    engine.fit(images, labels, lambda epoch: batch_order(0, epoch, count), epochs=2, score=dict)
    assert int(tape.count.value) == STEPS
    seen: np.ndarray = tape.seen.numpy()
    return seen


@pytest.fixture(scope="module")
def masks(tiny_run: MakeRun) -> list[np.ndarray]:
    """The masks of two replicates and of the first again: ones scaled, or zeros."""
    mix = {"dropout": {"rate": RATE}}
    return [dropped_ones(tiny_run(regularizers=mix, noise_seed=seed)) for seed in (11, 12, 11)]


def within(share: float, expected: float, count: int) -> bool:
    """Whether a share of `count` draws is within 4.5 standard errors of what is expected."""
    return abs(share - expected) < 4.5 * (expected * (1 - expected) / count) ** 0.5


def test_dropout_drops_its_rate_and_keeps_the_mean(masks: list[np.ndarray]) -> None:
    for mask in masks:
        assert np.unique(mask).tolist() == [0.0, np.float32(1 / (1 - RATE))]
        assert within(float((mask == 0).mean()), RATE, mask.size)
        # A mean of kept / (1 - rate).
        assert within(float(mask.mean(dtype=np.float64)) * (1 - RATE), 1 - RATE, mask.size)
        assert within(float((mask == 0).mean(axis=(0, 1)).mean()), RATE, mask.size)


def test_batches_and_replicates_share_no_mask(masks: list[np.ndarray]) -> None:
    """Neither a whole one nor a part: two masks agree as often as two that are independent."""
    assert np.array_equal(masks[0], masks[2])
    batches = np.concatenate([masks[0], masks[1]]) == 0  # those of consecutive batches side by side
    agreement = RATE**2 + (1 - RATE) ** 2
    for one in range(len(batches)):
        for other in range(one):
            share = float((batches[one] == batches[other]).mean())
            assert within(share, agreement, batches[one].size), (one, other)
    rows = batches.reshape(-1, WIDTH)
    assert len(np.unique(rows, axis=0)) == len(rows)  # nor do two images of a batch


# ---- the memory ----


def test_the_memory_of_a_worker_stays_flat(repository: Path) -> None:
    """Measured: 4 MB in 60 runs, for TensorFlow keeps a kernel a variable; a graph a run would be 60 MB."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.training.steady", "20", "60"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    warm, later = map(float, ended.stdout.split())
    assert later - warm < 12
