"""Inference of a recorded network: dense layers, one activation between them, in numpy.

Batch normalization is folded into the layer that it follows: at inference it is one more affine map. The
network computes in single precision, as training does, and agrees with the recorded logits up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pipeline.science.arrays import check_axes

Single = NDArray[np.float32]
Mask = NDArray[np.bool_]


def _relu(values: Single) -> Single:
    return np.maximum(values, 0, out=values)


def _sigmoid(values: Single) -> Single:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), np.float32)  # exp would overflow far from 0


def _tanh(values: Single) -> Single:
    return np.tanh(values, out=values)


def _elu(values: Single) -> Single:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def _gelu(values: Single) -> Single:
    """Hendrycks & Gimpel (2016), without their approximation: Keras computes it exactly too."""
    return np.asarray(values * special.ndtr(values), np.float32)


ACTIVATIONS: dict[str, Callable[[Single], Single]] = {
    "relu": _relu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "elu": _elu,
    "gelu": _gelu,
}
OUTPUT = "logits"
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")  # of a normalization, (units,) each
EPSILON = 1e-3  # that Keras' batch normalization adds to the variance


@dataclass(frozen=True, eq=False)
class Network:
    """Kernels (inputs, units) and biases (units,) of L hidden layers and of the logits: L + 1 of each."""

    kernels: tuple[Single, ...]
    biases: tuple[Single, ...]
    activation: str

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[np.float32]], activation: str) -> Network:
        """Return the network of recorded weights, by their paths `hidden_1/kernel`, ..., `logits/bias`.

        Those of batch normalization, `hidden_1_batch_norm/gamma` and so on, are folded into the layer's own
        (Ioffe & Szegedy 2015, algorithm 2). Raises ValueError for an activation that is not known here, and
        for other weights, such as those of layer normalization.
        """
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, received {activation}")
        depth = sum(name.endswith("/kernel") for name in weights) - 1
        hidden = [f"hidden_{number}" for number in range(1, depth + 1)]
        normalized = [
            name for name in hidden if any(path.startswith(f"{name}_batch_norm/") for path in weights)
        ]
        expected = {f"{layer}/{role}" for layer in (*hidden, OUTPUT) for role in ("kernel", "bias")}
        expected |= {f"{layer}_batch_norm/{role}" for layer in normalized for role in STATISTICS}
        if set(weights) != expected:
            raise ValueError(f"weights: expected {sorted(expected)}, received {sorted(weights)}")
        layers = [_affine(weights, name, name in normalized) for name in (*hidden, OUTPUT)]
        kernels, biases = zip(*layers, strict=True)
        return cls(kernels, biases, activation)

    @property
    def units(self) -> list[int]:
        """Return the number of units of every hidden layer."""
        return [len(bias) for bias in self.biases[:-1]]

    def first(self, images: Single) -> Single:
        """Return the activations (n, units) of the first hidden layer, of images (n, inputs) in [0, 1]."""
        check_axes("images", images, ("n", "inputs"))
        return self._layer(0, images)

    def after_first(self, first: Single) -> Single:
        """Return the logits (n, C) that follow from the first hidden layer's activations (n, units)."""
        values = first
        for number in range(1, len(self.kernels) - 1):
            values = self._layer(number, values)
        return np.asarray(values @ self.kernels[-1] + self.biases[-1])

    def logits(self, images: Single) -> Single:
        """Return the logits (n, C) of images (n, inputs) in [0, 1]."""
        return self.after_first(self.first(images))

    def thinned(self, first: Single, kept: Sequence[Mask]) -> Single:
        """Return the logits (n, C) of only the activations marked in `kept`, (n, units) per hidden layer."""
        values = first * kept[0]
        for number in range(1, len(self.kernels) - 1):
            values = self._layer(number, values) * kept[number]
        return np.asarray(values @ self.kernels[-1] + self.biases[-1])

    def silenced(self, silent: Sequence[Mask]) -> Network:
        """Return the network in which the hidden units of `silent`, (units,) per layer, put out zero.

        The weights that a silent unit feeds are set to zero, so `after_first` takes the first layer's
        activations of the intact network.
        """
        after = [
            np.where(mask[:, None], np.float32(0), kernel)
            for mask, kernel in zip(silent, self.kernels[1:], strict=True)
        ]
        return replace(self, kernels=(self.kernels[0], *after))

    def _layer(self, number: int, values: Single) -> Single:
        return ACTIVATIONS[self.activation](values @ self.kernels[number] + self.biases[number])


def _affine(weights: Mapping[str, Single], layer: str, normalized: bool) -> tuple[Single, Single]:
    """Return the kernel and bias of a layer, with its normalization folded in."""
    kernel, bias = weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
    if not normalized:
        return kernel, bias
    gamma, beta, mean, variance = (
        weights[f"{layer}_batch_norm/{role}"].astype(np.float64) for role in STATISTICS
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return (kernel * scale).astype(np.float32), ((bias - mean) * scale + beta).astype(np.float32)
