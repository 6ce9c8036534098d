"""The layers that a network is made of, with the seeds of a run and whatever its methods add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import keras

from pipeline.regularizers import Regularizer

T = TypeVar("T")
Seed = Callable[[str], int]


class Layers:
    """Makes layers by their names.

    A layer's seed comes from its name alone, so that variants share their initial weights wherever they share
    a layer. `initial(name)` is the seed of its weights, `noise(name)` that of what is random in training.
    """

    def __init__(self, methods: Sequence[Regularizer], initial: Seed, noise: Seed) -> None:
        self._methods, self._initial, self._noise = methods, initial, noise

    def entered(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Return the images as the first hidden layer gets them."""
        return _through(images, [layer for m in self._methods for layer in m.input_layers(self._noise)])

    def dense(self, name: str, units: int, constrained: bool = True) -> keras.Layer:
        """Return a layer of units. A layer that is not `constrained` puts out logits."""
        return keras.layers.Dense(units, name=name, **self._kernel(name, 2, constrained))

    def conv(self, name: str, filters: int, size: int) -> keras.Layer:
        """Return a convolution of stride 1, with maps of the size of its input."""
        return keras.layers.Conv2D(filters, size, padding="same", name=name, **self._kernel(name, 4))

    def activated(
        self, values: keras.KerasTensor, name: str, activation: str, maps: bool = False
    ) -> keras.KerasTensor:
        """Return the activation of the hidden layer `name`; `maps` says that it puts out feature maps."""
        methods, noise = self._methods, self._noise
        values = _through(values, [layer for m in methods for layer in m.before_activation(name, noise)])
        values = keras.layers.Activation(activation, name=f"{name}_{activation}")(values)
        values = _through(values, [layer for m in methods for layer in m.after_activation(name, noise)])
        dropped = [layer for m in methods for layer in m.after_maps(name, noise)] if maps else []
        return _through(values, dropped)

    def _kernel(self, name: str, rank: int, constrained: bool = True) -> dict[str, object]:
        constraints = [c for m in self._methods if (c := m.kernel_constraint(rank))]
        penalties = [penalty for m in self._methods if (penalty := m.kernel_penalty())]
        return {
            "kernel_initializer": keras.initializers.GlorotUniform(self._initial(name)),
            "kernel_regularizer": _sum(penalties),
            "kernel_constraint": only(constraints, "kernel_constraint") if constrained else None,
        }


def only(made: Sequence[T], hook: str) -> T | None:
    """Return what the one method that sets it has made; None where none does. Raises TypeError for two."""
    if len(made) > 1:
        raise TypeError(f"{hook}: expected at most one regularizer of a variant to set it, found {len(made)}")
    return made[0] if made else None


class _PenaltySum(keras.Regularizer):
    """The sum of several penalties on one kernel."""

    def __init__(self, penalties: list[keras.Regularizer]) -> None:
        self.penalties = penalties

    def __call__(self, weights: keras.KerasTensor) -> keras.KerasTensor:
        return sum(penalty(weights) for penalty in self.penalties)


def _sum(penalties: list[keras.Regularizer]) -> keras.Regularizer | None:
    return _PenaltySum(penalties) if len(penalties) > 1 else only(penalties, "kernel_penalty")


def _through(values: keras.KerasTensor, layers: Sequence[keras.Layer]) -> keras.KerasTensor:
    for layer in layers:
        values = layer(values)
    return values
