"""From a planned run and its regularizers to an untrained Keras model, its loss and optimizer."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TypeVar

import keras
import numpy as np

from pipeline.datasets.seeds import seed
from pipeline.plan import Run
from pipeline.regularizers import Regularizer, discover
from pipeline.training.optimizers import FusedAdam, FusedSGD

T = TypeVar("T")


def regularizers(run: Run) -> list[Regularizer]:
    """Return the regularizers of `run`, in the order of their names."""
    return [discover()[name](**fields) for name, fields in sorted(run.regularizers.items())]


def build(
    run: Run, active: Sequence[Regularizer], image_shape: tuple[int, ...], classes: int
) -> keras.Sequential:
    """Return the network of `run`, untrained: images (B, *image_shape) to logits (B, classes).

    `active` are its regularizers.
    A layer's seed comes from the run's seeds and the layer's name alone, so that variants share their
    initial weights wherever they share a layer.
    """
    noise = functools.partial(_layer_seed, run.noise_seed)

    def dense(name: str, units: int, constraint: keras.constraints.Constraint | None) -> keras.Layer:
        return keras.layers.Dense(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(_layer_seed(run.init_seed, name)),
            kernel_regularizer=_sum([penalty for r in active if (penalty := r.kernel_penalty())]),
            kernel_constraint=constraint,
            name=name,
        )

    layers = [keras.Input(image_shape), keras.layers.Flatten(name="flatten")]
    for regularizer in active:
        layers += regularizer.input_layers(noise)
    constraint = _only([c for r in active if (c := r.kernel_constraint())], "kernel_constraint")
    for number, units in enumerate(run.hidden, start=1):
        name = f"hidden_{number}"
        layers.append(dense(name, units, constraint))
        for regularizer in active:
            layers += regularizer.before_activation(name, noise)
        layers.append(keras.layers.Activation(run.activation, name=f"{name}_{run.activation}"))
        for regularizer in active:
            layers += regularizer.after_activation(name, noise)
    layers.append(dense("logits", classes, None))
    return keras.Sequential(layers, name="network")


def restore(
    run: Run, weights: Mapping[str, np.ndarray], image_shape: tuple[int, ...], classes: int
) -> keras.Sequential:
    """Return the trained network of `run` for inference, from its `weights` by path."""
    model = build(run, regularizers(run), image_shape, classes)
    for variable in model.weights:
        variable.assign(weights[weight_name(variable)])
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            # Penalties act while training only; without them the saved model needs no code of ours.
            layer.kernel_regularizer = None
    return model


def weight_name(variable: keras.Variable) -> str:
    """Return the name of a weight in the records: its layer and its role."""
    return str(variable.path).removeprefix("network/")


def loss(active: Sequence[Regularizer]) -> keras.Loss:
    """Return the training loss of integer labels (B,) and logits (B, C), without penalties."""
    chosen = _only([made for r in active if (made := r.loss())], "loss")
    return chosen or keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def batch_layers(run: Run, active: Sequence[Regularizer]) -> list[keras.Layer]:
    """Return what a batch passes before the network in training, seeded as the network's own layers are."""
    noise = functools.partial(_layer_seed, run.noise_seed)
    return [layer for regularizer in active for layer in regularizer.batch_layers(noise)]


def optimizer(run: Run, active: Sequence[Regularizer]) -> keras.Optimizer:
    """Return the optimizer of `run`, with what its regularizers change of it."""
    spec = run.optimizer
    made: keras.Optimizer
    if spec.name == "adam":
        made = FusedAdam(learning_rate=spec.learning_rate)
    else:
        made = FusedSGD(learning_rate=spec.learning_rate, momentum=spec.momentum)
    for regularizer in active:
        regularizer.adjust_optimizer(made)
    return made


class _PenaltySum(keras.Regularizer):
    """The sum of several penalties on one kernel."""

    def __init__(self, penalties: list[keras.Regularizer]) -> None:
        self.penalties = penalties

    def __call__(self, weights: keras.KerasTensor) -> keras.KerasTensor:
        return sum(penalty(weights) for penalty in self.penalties)


def _sum(penalties: list[keras.Regularizer]) -> keras.Regularizer | None:
    return _PenaltySum(penalties) if len(penalties) > 1 else _only(penalties, "kernel_penalty")


def _only(made: list[T], hook: str) -> T | None:
    if len(made) > 1:
        raise TypeError(f"{hook}: expected at most one regularizer of a variant to set it, found {len(made)}")
    return made[0] if made else None


def _layer_seed(run_seed: int, layer: str) -> int:
    return seed(run_seed, layer) % 2**31  # Keras keeps seeds in 32 bits
