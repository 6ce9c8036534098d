"""Optimizers that average the weights (`use_ema`): the network ends with the averages, as after `fit`."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from pipeline.datasets.images import Images
from pipeline.training.optimizers import FusedSGD
from tests.training import conv

MakeOptimizer = Callable[[], keras.Optimizer]


@pytest.fixture(scope="module")
def data(mnist: Images) -> conv.Data:
    return conv.Data(mnist)


def largest(differences: list[np.ndarray]) -> float:
    return max(float(np.abs(array).max()) for array in differences)


AVERAGED = {"use_ema": True, "ema_momentum": 0.9}


@pytest.mark.parametrize(
    ("stock", "ours"),
    [
        (lambda: keras.optimizers.SGD(0.1, 0.9, **AVERAGED), lambda: FusedSGD(0.1, 0.9, **AVERAGED)),
        (
            lambda: keras.optimizers.SGD(0.1, 0.9, ema_overwrite_frequency=7, **AVERAGED),
            lambda: FusedSGD(0.1, 0.9, ema_overwrite_frequency=7, **AVERAGED),
        ),
    ],
    ids=["at the end", "and every 7 steps"],
)
def test_averaged_weights_are_those_of_fit(
    data: conv.Data, stock: MakeOptimizer, ours: MakeOptimizer
) -> None:
    fitted = conv.network()
    conv.by_fit(fitted, stock(), data, epochs=2)
    averaged, plain = (
        conv.engine_of(conv.network(), ours()),
        conv.engine_of(conv.network(), FusedSGD(0.1, 0.9)),
    )
    for engine in (averaged, plain):
        conv.by_engine(engine, data, epochs=2)
    weights = averaged.model.get_weights()
    assert largest([a - b for a, b in zip(weights, fitted.get_weights(), strict=True)]) < 1e-7
    assert largest([a - b for a, b in zip(weights, plain.model.get_weights(), strict=True)]) > 1e-3
