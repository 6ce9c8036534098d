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


def _relu_slope(values: Single) -> Single:
    return np.asarray(values > 0, np.float32)


def _sigmoid_slope(values: Single) -> Single:
    above = _sigmoid(values)
    return above * (1 - above)


def _tanh_slope(values: Single) -> Single:
    return np.asarray(1 - np.tanh(values) ** 2)


def _elu_slope(values: Single) -> Single:
    return np.exp(np.minimum(values, 0))


def _gelu_slope(values: Single) -> Single:
    density = np.exp(-0.5 * values**2) / np.sqrt(2 * np.pi)
    return np.asarray(special.ndtr(values) + values * density, np.float32)


SLOPES: dict[str, Callable[[Single], Single]] = {
    "relu": _relu_slope,
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "elu": _elu_slope,
    "gelu": _gelu_slope,
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

    def from_layer(self, number: int, before: Single) -> Single:
        """Return the logits (n, C) that follow from hidden layer `number`, given what enters its activation.

        Layers count from 0; `before` (n, units) is the layer's product and bias, before the activation.
        """
        values = ACTIVATIONS[self.activation](before)
        for later in range(number + 1, len(self.kernels) - 1):
            values = self._layer(later, values)
        return np.asarray(values @ self.kernels[-1] + self.biases[-1])

    def before_activations(self, images: Single) -> list[Single]:
        """Return what enters the activations of every hidden layer, (n, units), of images (n, inputs)."""
        check_axes("images", images, ("n", "inputs"))
        values, entering = images, []
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            entering.append(np.asarray(values @ kernel + bias))
            values = ACTIVATIONS[self.activation](entering[-1].copy())  # some work in place
        return entering

    def input_gradient(self, images: Single, outputs: Single) -> Single:
        """Return the gradient with respect to the inputs of a weighted sum of the logits, (n, inputs).

        images (n, inputs) in [0, 1]; `outputs` (n, C) are the weights: of image i it is the gradient of
        sum_c outputs[i, c] * logit_c. A one of class c alone gives a row of the Jacobian of the logits;
        softmax minus the one-hot label gives the gradient of the cross-entropy. By back-propagation
        (Rumelhart et al. 1986); the slope of relu at 0 is 0, as TensorFlow has it. Raises ValueError for
        weights of another shape.
        """
        expected = (len(images), self.biases[-1].size)
        if outputs.shape != expected:
            raise ValueError(f"outputs: expected shape {expected}, received {outputs.shape}")
        gradient = outputs @ self.kernels[-1].T
        entering = self.before_activations(images)
        for before, kernel in zip(reversed(entering), reversed(self.kernels[:-1]), strict=True):
            gradient = (gradient * SLOPES[self.activation](before)) @ kernel.T
        return np.asarray(gradient)

    def thinned(self, kept: Sequence[Mask]) -> Network:
        """Return the network of only the hidden units marked in `kept`, (units,) per hidden layer."""
        every: list[Mask | slice] = [slice(None), *kept, slice(None)]
        ends = zip(self.kernels, every[:-1], every[1:], strict=True)
        return replace(
            self,
            kernels=tuple(kernel[before][:, after] for kernel, before, after in ends),
            biases=tuple(bias[units] for bias, units in zip(self.biases, every[1:], strict=True)),
        )

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
