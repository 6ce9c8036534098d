"""From a planned run and its regularizers to an untrained Keras model, its loss and optimizer."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from pipeline.datasets.seeds import seed
from pipeline.networks.layers import Layers, only
from pipeline.plan import Run
from pipeline.regularizers import Regularizer, discover
from pipeline.training.optimizers import FusedAdam, FusedSGD


def regularizers(run: Run) -> list[Regularizer]:
    """Return the regularizers of `run`, in the order of their names."""
    return [discover()[name](**fields) for name, fields in sorted(run.regularizers.items())]


def build(run: Run, active: Sequence[Regularizer], image_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Return the network of `run`, untrained: images (B, *image_shape) to logits (B, classes).

    `active` are its regularizers.
    """
    initial, noise = (functools.partial(_layer_seed, seed) for seed in (run.init_seed, run.noise_seed))
    layers = Layers(active, initial, noise)
    images = keras.Input(image_shape, name="images")
    logits = layers.dense("logits", classes, constrained=False)(run.architecture.features(images, layers))
    return keras.Model(images, logits, name="network")


def restore(
    run: Run, weights: Mapping[str, np.ndarray], image_shape: tuple[int, ...], classes: int
) -> keras.Model:
    """Return the trained network of `run` for inference, from its `weights` by path."""
    model = build(run, regularizers(run), image_shape, classes)
    for variable in model.weights:
        variable.assign(weights[weight_name(variable)])
    for layer in model.layers:
        if getattr(layer, "kernel_regularizer", None):
            # Penalties act while training only; without them the saved model needs no code of ours.
            layer.kernel_regularizer = None
    return model


def weight_name(variable: keras.Variable) -> str:
    """Return the name of a weight in the records: its layer and its role."""
    return str(variable.path).removeprefix("network/")


def loss(active: Sequence[Regularizer]) -> keras.Loss:
    """Return the training loss of integer labels (B,) and logits (B, C), without penalties."""
    chosen = only([made for r in active if (made := r.loss())], "loss")
    return chosen or keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def batch_layers(run: Run, active: Sequence[Regularizer]) -> list[keras.Layer]:
    """Return what a batch passes before the network in training, seeded as the network's own layers are."""
    noise = functools.partial(_layer_seed, run.noise_seed)
    return [layer for regularizer in active for layer in regularizer.batch_layers(noise)]


def optimizer(run: Run, active: Sequence[Regularizer]) -> keras.Optimizer:
    """Return the optimizer of `run`, with what its regularizers change of it."""
    spec = run.optimizer
    rate = spec.learning_rate
    if spec.schedule == "cosine":
        steps = run.epochs * -(-run.train_size // run.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    made: keras.Optimizer
    if spec.name == "adam":
        made = FusedAdam(learning_rate=rate)
    else:
        made = FusedSGD(learning_rate=rate, momentum=spec.momentum)
    for regularizer in active:
        regularizer.adjust_optimizer(made)
    return made


def _layer_seed(run_seed: int, layer: str) -> int:
    return seed(run_seed, layer) % 2**31  # Keras keeps seeds in 32 bits
