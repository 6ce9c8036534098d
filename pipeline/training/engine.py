"""One traced graph for all replicates of a setting and variant.

A plain `fit` spends most of a small network's time between the batches. Here a whole epoch is one graph
call: it walks over a permutation, gathers each batch from tensors in memory, and applies the update. The
graph is traced once and re-initialised for every replicate.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from pipeline.plan import Run
from pipeline.training import models

CHUNK = 1000  # images scored at a time: large enough for the matrix product, small enough for the cache


class Engine:
    """The network, loss and optimizer of a run, and their graphs.

    `reset` makes it the untrained network of any replicate; `epoch` trains it, `predict` applies it.
    """

    def __init__(self, run: Run, image_shape: tuple[int, ...], classes: int) -> None:
        self._image_shape, self._classes = image_shape, classes
        self._batch_size = run.batch_size
        self._loss = models.loss(run)
        self.model = models.build(run, image_shape, classes)
        self.optimizer = models.optimizer(run)
        self.optimizer.build(self.model.trainable_variables)
        self._first_state = [variable.numpy() for variable in self.optimizer.variables]
        self.model.compile(optimizer=self.optimizer, loss=self._loss)  # what callbacks look at
        images = tf.TensorSpec((None, *image_shape), tf.float32)
        indices = tf.TensorSpec((None,), tf.int32)
        self._epoch = tf.function(self._train_epoch, input_signature=(images, indices, indices))
        self._predict = tf.function(self._predict_chunks, input_signature=(images,))

    def reset(self, run: Run) -> None:
        """Become the untrained network of `run`, which differs from the first run in its seeds alone."""
        # Building the model afresh gives what a plain Keras program would start from, random layers'
        # states included, for any layer there is.
        fresh = models.build(run, self._image_shape, self._classes)
        for variable, initial in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(initial)
        for variable, first in zip(self.optimizer.variables, self._first_state, strict=True):
            variable.assign(first)
        self.model.stop_training = False

    def epoch(self, images: tf.Tensor, labels: tf.Tensor, order: np.ndarray) -> float:
        """Train once on the images that `order` (n,) names; return the mean loss as optimised."""
        return float(self._epoch(images, labels, order))

    def predict(self, images: tf.Tensor) -> np.ndarray:
        """Return the logits (n, C) in inference mode."""
        logits: np.ndarray = self._predict(images).numpy()
        return logits

    def _train_epoch(self, images: tf.Tensor, labels: tf.Tensor, order: tf.Tensor) -> tf.Tensor:
        total = tf.zeros((), tf.float64)
        for start in tf.range(0, tf.size(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            with tf.GradientTape() as tape:
                logits = self.model(tf.gather(images, batch), training=True)
                loss = self._loss(tf.gather(labels, batch), logits)
                if self.model.losses:
                    loss += tf.add_n(self.model.losses)
            variables = self.model.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            total += tf.cast(loss, tf.float64) * tf.cast(tf.size(batch), tf.float64)
        return total / tf.cast(tf.size(order), tf.float64)

    def _predict_chunks(self, images: tf.Tensor) -> tf.Tensor:
        count = tf.shape(images)[0]
        chunks = tf.TensorArray(
            tf.float32,
            size=-(-count // CHUNK),
            element_shape=(None, self._classes),
            infer_shape=False,
        )
        for number in tf.range(chunks.size()):
            part = images[number * CHUNK : (number + 1) * CHUNK]
            chunks = chunks.write(number, self.model(part, training=False))
        return chunks.concat()
