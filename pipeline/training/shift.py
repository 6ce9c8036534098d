"""Internal covariate shift: how much the step of the layers below turns a layer's own gradient.

Santurkar et al. 2018, Definition 2.1. For layer i, one batch, and the step from W(t) to W(t+1) on it,

    G_i  = grad_{W_i} L(W_1(t), ..., W_k(t); batch)
    G'_i = grad_{W_i} L(W_1(t+1), ..., W_{i-1}(t+1), W_i(t), ..., W_k(t); batch)

and the shift is ||G_i - G'_i||. Batch normalization changes the scale of the gradients, so that beside it
stand two measures without a scale: the shift over ||G_i||, and the cosine between G_i and G'_i.

L is the loss that is trained on, penalties included, in training mode: normalization by the batch's
statistics; images shifted and mixed, and units dropped, as in the very step, in both gradients. W_i is the
kernel, which networks with and without normalization share; a bias below a normalization has no gradient at
all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from pipeline.training.engine import weighted

if TYPE_CHECKING:
    from pipeline.regularizers.base import Batch

Tensors = list[tf.Tensor]
MEASURES = ("shift", "shift_relative", "shift_cosine")


class CovariateShift(keras.callbacks.Callback):
    """Measures the shift of the first batch of an epoch and of every `every`-th after it.

    `images` (n, ...), `labels` (n,) and `orders(epoch)`, a permutation (n,), are those of the training,
    and so are the `batch_layers`.
    The training is left alone: weights, moving statistics, random states and optimizer are only read.
    """

    def __init__(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        orders: Callable[[int], np.ndarray],
        batch_size: int,
        every: int,
        batch_layers: Sequence[keras.Layer] = (),
    ) -> None:
        super().__init__()
        self._images, self._labels, self._orders = images, labels, orders
        self._batch_size, self._every = batch_size, every
        self._batch_layers = tuple(batch_layers)
        self._measured: list[np.ndarray] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the order of the epoch, from which each batch is cut."""
        self._order = self._orders(epoch)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keep the state in which the step begins."""
        if batch % self._every == 0:
            self._before = _values(self.model.trainable_variables)
            self._state = _values(self.model.non_trainable_variables)
            self._batch_states = [_values(layer.variables) for layer in self._batch_layers]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Measure the step that has just been taken."""
        if batch % self._every == 0:
            chosen = self._order[batch * self._batch_size : (batch + 1) * self._batch_size]
            measured = _measure(self.model, self._batch_layers)(
                self._before,
                self._state,
                _values(self.model.trainable_variables),
                self._batch_states,
                tf.gather(self._images, chosen),
                tf.gather(self._labels, chosen),
            )
            self._measured.append(measured.numpy())

    def means(self) -> dict[str, float]:
        """Return the means since the last call, by measure and layer: `shift_cosine_logits` and so on.

        NaN where a step was not finite, or a gradient zero, which has no direction.
        """
        means = np.mean(self._measured, axis=0)
        self._measured = []
        return {
            f"{measure}_{layer}": float(value)
            for layer, row in zip(list(_depths(self.model))[1:], means, strict=True)
            for measure, value in zip(MEASURES, row, strict=True)
        }


def _values(variables: list[keras.Variable]) -> Tensors:
    return [tf.identity(variable.value) for variable in variables]


def _depths(model: keras.Sequential) -> dict[str, list[int]]:
    """Return which trainable variables belong to each dense layer, its kernel first, from the lowest up.

    What stands between two dense layers, a normalization, belongs to the lower.
    """
    places = {id(variable): place for place, variable in enumerate(model.trainable_variables)}
    depths: dict[str, list[int]] = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            depths[layer.name] = variables = []
        if layer.trainable_variables:
            variables += [places[id(variable)] for variable in layer.trainable_variables]
    return depths


@functools.lru_cache(maxsize=4)  # as the engines: a graph takes time to trace, and the runs share it
def _measure(model: keras.Sequential, batch_layers: tuple[keras.Layer, ...]) -> Callable[..., tf.Tensor]:
    """Return the graph of one step's measures, (k - 1, 3).

    It takes the variables and the state before the step, the variables after it, the states of the
    `batch_layers` before it, images and labels. A row a dense layer but the lowest, a column a measure, in
    float64.
    """
    depths = list(_depths(model).values())

    def gradients(variables: Tensors, state: Tensors, batch: Batch, kernels: list[int]) -> Tensors:
        images, targets = batch
        watched = [variables[place] for place in kernels]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            # Without a scope of its own Keras would move the statistics and the random states.
            logits, _, penalties = model.stateless_call(
                variables, state, images, training=True, return_losses=True
            )
            loss = weighted(model.loss, targets, logits)
            if penalties:
                loss += tf.add_n(penalties)
        return [tf.cast(gradient, tf.float64) for gradient in tape.gradient(loss, watched)]

    def measure(
        before: Tensors,
        state: Tensors,
        after: Tensors,
        batch_states: list[Tensors],
        images: tf.Tensor,
        labels: tf.Tensor,
    ) -> tf.Tensor:
        batch: Batch = images, [(tf.ones(()), labels)]
        for layer, values in zip(batch_layers, batch_states, strict=True):
            batch, _ = layer.stateless_call([], values, *batch)
        mixed, rows = list(before), []
        at_once = gradients(before, state, batch, [variables[0] for variables in depths[1:]])
        for below, variables, gradient in zip(depths, depths[1:], at_once, strict=False):
            for place in below:
                mixed[place] = after[place]
            (shifted,) = gradients(mixed, state, batch, variables[:1])
            shift, norm, after_norm = (tf.norm(g) for g in (gradient - shifted, gradient, shifted))
            cosine = tf.reduce_sum(gradient * shifted) / (norm * after_norm)
            rows.append(tf.stack([shift, shift / norm, cosine]))
        return tf.stack(rows)

    return tf.function(measure)
