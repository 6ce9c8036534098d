"""The Jacobian of the logits, against finite differences and by hand; batch normalization folded in."""

from typing import get_args

import numpy as np
import pytest

from pipeline.networks.base import Activation
from pipeline.science import sensitivity
from pipeline.science.network import Network

RNG = np.random.default_rng(0)
SIZES = {"hidden_1": (3, 4), "hidden_2": (4, 5), "logits": (5, 2)}
WEIGHTS = {f"{n}/kernel": RNG.normal(size=size).astype(np.float32) for n, size in SIZES.items()} | {
    f"{n}/bias": RNG.normal(size=size[1]).astype(np.float32) for n, size in SIZES.items()
}
IMAGES = RNG.random((6, 3)).astype(np.float32)
STATISTICS = {"gamma": 1.5, "beta": -0.25, "moving_mean": 0.5, "moving_variance": 2.0}


def test_by_hand() -> None:
    """One unit of two is on: the logits fall by 3 and rise by 1 for each step of 2 of the input."""
    weights = {
        "hidden_1/kernel": np.array([[2.0, -1.0]], np.float32),
        "hidden_1/bias": np.zeros(2, np.float32),
        "logits/kernel": np.array([[-3.0, 1.0], [7.0, 7.0]], np.float32),
        "logits/bias": np.zeros(2, np.float32),
    }
    network, image = Network.of(weights, "relu"), np.array([[0.5]], np.float32)
    assert sensitivity.jacobian(network, image).tolist() == [[[-6.0], [2.0]]]
    assert sensitivity.jacobian_norm(network, image) == pytest.approx([np.sqrt(40)])


@pytest.mark.parametrize("activation", get_args(Activation))
def test_it_is_what_small_steps_of_the_input_show(activation: str) -> None:
    network, step = Network.of(WEIGHTS, activation), 1e-2
    found = sensitivity.jacobian(network, IMAGES)
    assert found.shape == (6, 2, 3)
    for pixel in range(3):
        moved = np.eye(3, dtype=np.float32)[pixel] * step
        slope = (network.logits(IMAGES + moved) - network.logits(IMAGES - moved)) / (2 * step)
        # A step across the kink of relu shows something between both sides.
        close = np.isclose(found[:, :, pixel], slope, rtol=0.02, atol=0.02).all(axis=1)
        assert close.mean() >= 0.8
    norms = np.sqrt((found.astype(float) ** 2).sum(axis=(1, 2)))
    assert sensitivity.jacobian_norm(network, IMAGES) == pytest.approx(norms, rel=1e-4)


def test_batch_normalization_is_folded_into_the_layer() -> None:
    """Against the normalization written out: gamma (x - mean) / sqrt(variance + .001) + beta."""
    rng = np.random.default_rng(1)
    added = {
        f"{layer}_batch_norm/{role}": (value + 0.1 * rng.random(SIZES[layer][1])).astype(np.float32)
        for layer in ("hidden_1", "hidden_2")
        for role, value in STATISTICS.items()
    }
    values = IMAGES.astype(float)
    for layer in ("hidden_1", "hidden_2"):
        gamma, beta, mean, variance = (added[f"{layer}_batch_norm/{role}"] for role in STATISTICS)
        before = values @ WEIGHTS[f"{layer}/kernel"] + WEIGHTS[f"{layer}/bias"]
        values = np.maximum(gamma * (before - mean) / np.sqrt(variance + 0.001) + beta, 0)
    expected = values @ WEIGHTS["logits/kernel"] + WEIGHTS["logits/bias"]
    network = Network.of(WEIGHTS | added, "relu")
    assert network.logits(IMAGES) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert network.units == [4, 5]
    assert network.kernels[0].dtype == np.float32


def test_of_two_layers_one_may_be_normalized() -> None:
    added = {f"hidden_2_batch_norm/{role}": np.full(5, v, np.float32) for role, v in STATISTICS.items()}
    plain, folded = (Network.of(weights, "tanh") for weights in (WEIGHTS, WEIGHTS | added))
    assert np.array_equal(plain.kernels[0], folded.kernels[0])
    scale = 1.5 / np.sqrt(2.001)
    assert folded.kernels[1] == pytest.approx(plain.kernels[1] * scale, rel=1e-5)
    assert folded.biases[1] == pytest.approx((plain.biases[1] - 0.5) * scale - 0.25, rel=1e-4)
