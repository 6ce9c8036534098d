"""How strongly the output of a network reacts to its input: the Jacobian of its logits, in numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from pipeline.science.network import ACTIVATIONS, Network, Single


def _sigmoid(before: Single) -> Single:
    values = ACTIVATIONS["sigmoid"](before)
    return np.asarray(values * (1 - values))


def _tanh(before: Single) -> Single:
    return np.asarray(1 - np.tanh(before) ** 2)


def _gelu(before: Single) -> Single:
    density = np.exp(-(before**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(special.ndtr(before) + before * density, np.float32)


# The derivative of every activation, of what comes before it.
DERIVATIVES: dict[str, Callable[[Single], Single]] = {
    "relu": lambda before: (before > 0).astype(np.float32),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "elu": lambda before: np.exp(np.minimum(before, 0)),
    "gelu": _gelu,
}


def jacobian(network: Network, images: Single) -> Single:
    """Return the derivatives (n, C, inputs) of the logits by every input, at images (n, inputs)."""
    back, kernel = _to_first_layer(network, images)
    return np.asarray(back @ kernel.T)


def jacobian_norm(network: Network, images: Single) -> np.ndarray:
    """Return the Frobenius norm (n,) of the Jacobian of the logits at every image (n, inputs).

    It is what a small change of the input can do to the output (Novak et al. 2018). The Jacobian itself,
    (n, C, inputs), is never made: its norm follows from the products of the first kernel's columns.
    """
    back, kernel = _to_first_layer(network, images)
    squares = np.einsum("ncu,ncu->n", back @ (kernel.T @ kernel), back)
    return np.sqrt(np.maximum(squares, 0))


def _to_first_layer(network: Network, images: Single) -> tuple[Single, Single]:
    """Return the derivatives (n, C, units) of the logits by the first affine map, and the first kernel."""
    derivative = DERIVATIVES[network.activation]
    values: Single = images
    slopes: list[Single] = []
    for kernel, bias in zip(network.kernels[:-1], network.biases[:-1], strict=True):
        before = values @ kernel + bias
        slopes.append(derivative(before))
        values = ACTIVATIONS[network.activation](before)
    logits = network.kernels[-1].T
    back: Single = np.broadcast_to(logits, (len(images), *logits.shape))
    for number in range(len(slopes) - 1, 0, -1):
        back = np.asarray((back * slopes[number][:, None, :]) @ network.kernels[number].T, np.float32)
    return back * slopes[0][:, None, :], network.kernels[0]
