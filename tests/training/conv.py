"""A small convolutional network, trained by the engine and by plain `keras.Model.fit` on the same batches."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipeline.datasets.images import Images
from pipeline.datasets.seeds import batch_order
from pipeline.training.engine import Engine, History

TRAIN, VALIDATION, BATCH = 300, 100, 32  # the last batch of an epoch has 12
ORDER_SEED = 5


def network(seed: int = 1, *extra: keras.Layer) -> keras.Sequential:
    """Four filters, the largest of every 2 x 2, and a logit a class; `extra` stands before the logits."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Reshape((28, 28, 1)),
            # Smooth, because float32 noise pushes a relu at its kink one way or the other.
            keras.layers.Conv2D(
                4, 3, activation="tanh", kernel_initializer=keras.initializers.GlorotUniform(seed)
            ),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            *extra,
            keras.layers.Dense(10, kernel_initializer=keras.initializers.GlorotUniform(seed + 1)),
        ]
    )


def loss() -> keras.Loss:
    """Cross-entropy of integer labels and logits."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Data:
    """Real images in [0, 1], some to train on and some to validate."""

    def __init__(self, images: Images) -> None:
        pixels = images.train_images[: TRAIN + VALIDATION].astype(np.float32) / 255
        labels = images.train_labels[: TRAIN + VALIDATION].astype(np.int32)
        self.train = pixels[:TRAIN], labels[:TRAIN]
        self.validation = pixels[TRAIN:], labels[TRAIN:]

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of one epoch after the other, for ever."""
        images, labels = self.train
        for epoch in itertools.count():
            order = batch_order(ORDER_SEED, epoch, TRAIN)
            for start in range(0, TRAIN, BATCH):
                batch = order[start : start + BATCH]
                yield images[batch], labels[batch]


def by_fit(
    model: keras.Model,
    optimizer: keras.Optimizer,
    data: Data,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    validate: bool = False,
) -> History:
    """Train with `Model.fit`; return its history, a row an epoch."""
    model.compile(optimizer, loss(), jit_compile=False)
    extra: dict[str, Any] = {"validation_data": data.validation} if validate else {}
    fitted = model.fit(
        data.batches(),
        steps_per_epoch=-(-TRAIN // BATCH),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
        **extra,
    )
    names = list(fitted.history)
    return [dict(zip(names, row, strict=True)) for row in zip(*fitted.history.values(), strict=True)]


def engine_of(model: keras.Model, optimizer: keras.Optimizer) -> Engine:
    return Engine(model, loss(), optimizer, BATCH)


def by_engine(
    engine: Engine,
    data: Data,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    validate: bool = False,
) -> History:
    """Train with the engine; with `validate`, the rows have what `fit` calls `val_loss`."""
    images, labels = (tf.constant(array) for array in data.train)

    def score() -> dict[str, float]:
        pixels, truth = data.validation
        logits = engine.predict(tf.constant(pixels))
        return {"val_loss": cross_entropy(logits, truth)} if validate else {}

    orders: Callable[[int], np.ndarray] = lambda epoch: batch_order(ORDER_SEED, epoch, TRAIN)  # noqa: E731
    return engine.fit(images, labels, orders, epochs, score, callbacks)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean over images (n, C), in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    likelihood = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return float(-np.log(likelihood[np.arange(len(labels)), labels]).mean())
