"""One traced graph for many trainings of the same network.

A plain `fit` spends most of a small network's time between the batches. Here a whole epoch is one graph
call: it walks over a permutation, gathers each batch from tensors in memory, and applies the update. The
graph is traced once, and the network re-initialised for every replicate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from pipeline.system.errors import UserError

if TYPE_CHECKING:
    from pipeline.regularizers.base import Targets

CHUNK = 500  # images scored at a time: large enough for the matrix product, small enough for the cache
History = list[dict[str, float]]


class Engine:
    """A network of any Keras layers, its loss of integer labels (B,) and logits (B, C), and its optimizer.

    A batch passes the `batch_layers` before the network, in training alone (`Regularizer.batch_layers`).
    `reset` makes it an untrained network again, `fit` trains it, `predict` applies it.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: keras.Loss,
        optimizer: keras.Optimizer,
        batch_size: int,
        batch_layers: Sequence[keras.Layer] = (),
    ) -> None:
        self.batch_layers = tuple(batch_layers)
        self.model, self._loss, self._optimizer, self._batch_size = model, loss, optimizer, batch_size
        optimizer.build(model.trainable_variables)
        self._first_state = [variable.numpy() for variable in optimizer.variables]
        model.compile(optimizer=optimizer, loss=loss)  # what callbacks look at
        images = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
        indices = tf.TensorSpec((None,), tf.int32)
        self._epoch = tf.function(self._train_epoch, input_signature=(images, indices, indices))
        self._predict = tf.function(self._predict_chunks, input_signature=(images,))

    def reset(
        self,
        fresh: keras.Model,
        learning_rate: float | None = None,
        batch_layers: Sequence[keras.Layer] = (),
    ) -> None:
        """Take over the state of `fresh`, the same network newly built, and begin the optimizer's anew.

        The averages of the weights that it keeps begin anew too. `batch_layers` are the same layers newly
        made. With a `learning_rate` of its own, where one is given.
        """
        # A built network holds all that a plain Keras program would start from, the states of random
        # layers included, whatever its layers are.
        for variable, initial in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(initial)
        for layer, new in zip(self.batch_layers, batch_layers, strict=True):
            for variable, initial in zip(layer.variables, new.variables, strict=True):
                variable.assign(initial)
        for variable, first in zip(self._optimizer.variables, self._first_state, strict=True):
            variable.assign(first)
        if learning_rate is not None:
            self._optimizer.learning_rate = learning_rate
        self.model.stop_training = False

    def fit(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        orders: Callable[[int], np.ndarray],
        epochs: int,
        score: Callable[[], dict[str, float]],
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> History:
        """Train on images (n, ...) and labels (n,); return a row an epoch: `loss`, and what `score` gives.

        `orders(epoch)` is the permutation (n,) in which an epoch visits the images. Callbacks are called
        as under `Model.fit`, with the row as `logs`; one that asks for batches gets them, at the price of a
        graph call a batch. They may stop the training and set the learning rate. Raises UserError for a
        callback that monitors what is not in the row, where `Model.fit` warns and never stops.

        Where the optimizer averages the weights (`use_ema`), `score` and the callbacks at the end of an epoch
        see the averages, and the network ends with them. So a callback that keeps the best weights keeps
        averages, where `Model.fit` gives it the weights that are trained.
        """
        hooks = keras.callbacks.CallbackList(
            list(callbacks),
            model=self.model,
            epochs=epochs,
            steps=-(-len(labels) // self._batch_size),
            verbose=0,
        )
        batches = any(map(_asks_for_batches, callbacks))
        history: History = []
        trained: list[tf.Tensor] = []
        hooks.on_train_begin()
        for epoch in range(epochs):
            for variable, value in zip(self.model.trainable_variables, trained, strict=bool(trained)):
                variable.assign(value)
            hooks.on_epoch_begin(epoch)
            order = orders(epoch)
            loss = (
                self._by_batch(images, labels, order, hooks)
                if batches
                else float(self._epoch(images, labels, order))
            )
            trained = self._show_averages()
            history.append({"loss": loss} | score())
            if epoch == 0:
                _check_monitors(callbacks, history[0])
            hooks.on_epoch_end(epoch, dict(history[-1]))
            if self.model.stop_training:
                break
        hooks.on_train_end(dict(history[-1]))
        return history

    def predict(self, images: tf.Tensor) -> np.ndarray:
        """Return the logits (n, C) in inference mode."""
        logits: np.ndarray = self._predict(images).numpy()
        return logits

    def _show_averages(self) -> list[tf.Tensor]:
        """Put the averages in the place of the weights, where there are some; return the weights then."""
        if not self._optimizer.use_ema:
            return []
        variables = self.model.trainable_variables
        trained = [tf.identity(variable.value) for variable in variables]
        self._optimizer.finalize_variable_values(variables)
        for variable in variables:
            # Keras averages the weights before they are constrained, which may leave an average outside.
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        return trained

    def _by_batch(
        self, images: tf.Tensor, labels: tf.Tensor, order: np.ndarray, hooks: keras.callbacks.CallbackList
    ) -> float:
        total, seen = 0.0, 0
        for number, start in enumerate(range(0, len(order), self._batch_size)):
            batch = order[start : start + self._batch_size]
            hooks.on_train_batch_begin(number)
            total += float(self._epoch(images, labels, batch)) * len(batch)
            seen += len(batch)
            hooks.on_train_batch_end(number, {"loss": total / seen})
            if self.model.stop_training:
                break
        return total / seen

    def _train_epoch(self, images: tf.Tensor, labels: tf.Tensor, order: tf.Tensor) -> tf.Tensor:
        total = tf.zeros((), tf.float64)
        for start in tf.range(0, tf.size(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            shown, truth = tf.gather(images, batch), tf.gather(labels, batch)
            targets: Targets = [(tf.ones(()), truth)]
            for layer in self.batch_layers:
                shown, targets = layer(shown, targets)
            with tf.GradientTape() as tape:
                logits = self.model(shown, training=True)
                # To multiply by a weight of one takes a small network a twentieth of its step.
                loss = (
                    weighted(self._loss, targets, logits) if self.batch_layers else self._loss(truth, logits)
                )
                if self.model.losses:
                    loss += tf.add_n(self.model.losses)
            variables = self.model.trainable_variables
            self._optimizer.apply(tape.gradient(loss, variables), variables)
            total += tf.cast(loss, tf.float64) * tf.cast(tf.size(batch), tf.float64)
        return total / tf.cast(tf.size(order), tf.float64)

    def _predict_chunks(self, images: tf.Tensor) -> tf.Tensor:
        count = tf.shape(images)[0]
        classes = self.model.output_shape[-1]
        chunks = tf.TensorArray(
            tf.float32, size=-(-count // CHUNK), element_shape=(None, classes), infer_shape=False
        )
        for number in tf.range(chunks.size()):
            part = images[number * CHUNK : (number + 1) * CHUNK]
            chunks = chunks.write(number, self.model(part, training=False))
        return chunks.concat()


def weighted(loss: keras.Loss, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
    """Return the sum over `targets` of weight () times the loss of labels (B,) and logits (B, C)."""
    return tf.add_n([weight * loss(labels, logits) for weight, labels in targets])


def _check_monitors(callbacks: Sequence[keras.callbacks.Callback], row: Mapping[str, float]) -> None:
    for callback in callbacks:
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor not in row:
            raise UserError(
                f"{type(callback).__name__}.monitor: expected one of {', '.join(row)}, received {monitor!r}"
            )


def _asks_for_batches(callback: keras.callbacks.Callback) -> bool:
    hooks = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    # As Keras tells: a hook may stand on the instance, as LambdaCallback's do.
    return not all(getattr(getattr(callback, hook), "_is_default", False) for hook in hooks)
