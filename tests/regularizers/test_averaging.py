"""Weight averaging: what is scored, stopped by and kept is the averages."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.training.trainer import train
from tests.regularizers import building

MakeRun = Callable[..., Run]
AVERAGED: dict[str, Any] = {"weight_averaging": {"momentum": 0.9}}
OPTIMIZERS: list[dict[str, Any]] = [
    {"name": "adam", "learning_rate": 0.02},
    {"name": "sgd", "learning_rate": 0.3},
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
]


@pytest.fixture
def trained(tiny_run: MakeRun, tiny_data: Replicate) -> Callable[..., Result]:
    def run(regularizers: dict[str, Any], epochs: int, **changes: Any) -> Result:
        fast = {"optimizer": OPTIMIZERS[0]} | changes
        return train(tiny_run(regularizers=regularizers, epochs=epochs, **fast), tiny_data)

    return run


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adam", "sgd", "momentum"])
def test_the_network_is_the_average_of_the_weights_after_every_update(
    trained: Callable[..., Result], optimizer: dict[str, Any]
) -> None:
    """An epoch of one batch is one update, so that shorter runs show the weights on the way."""
    single = {"optimizer": optimizer, "batch_size": 200}
    path = [trained({}, epochs, **single).weights for epochs in (1, 2, 3, 4)]
    result = trained(AVERAGED, 4, **single)
    for name, array in result.weights.items():
        average = path[0][name].astype(np.float64)
        for weights in path[1:]:
            average = 0.9 * average + 0.1 * weights[name]
        assert array == pytest.approx(average, abs=1e-6), name


def test_every_epoch_is_scored_with_its_averages(trained: Callable[..., Result]) -> None:
    """And the training goes on with the weights: a longer run begins as a shorter one."""
    result = trained(AVERAGED, 4)
    for epochs in (1, 2, 3):
        shorter = trained(AVERAGED, epochs)
        for name, curve in shorter.history.items():
            assert np.array_equal(curve, result.history[name][:epochs]), name
        for name, value in shorter.final.items():
            if name in shorter.history:
                assert value == shorter.history[name][-1], name
    plain = trained({}, 4)
    assert np.array_equal(plain.history["loss"], result.history["loss"])  # of the weights that are trained
    assert not np.array_equal(plain.history["train_cross_entropy"], result.history["train_cross_entropy"])


def test_early_stopping_keeps_the_averages_of_the_best_epoch(trained: Callable[..., Result]) -> None:
    result = trained(AVERAGED | {"early_stopping": {"patience": 2}}, 60)
    best = int(result.final["best_epoch"])
    assert best + 2 == result.final["epochs"] < 60
    expected = trained(AVERAGED, best)
    assert np.array_equal(result.logits, expected.logits)


def test_the_averages_are_in_the_ball_of_max_norm(trained: Callable[..., Result]) -> None:
    result = trained(AVERAGED | {"max_norm": {"limit": 0.5}}, 4)
    assert np.linalg.norm(result.weights["hidden_1/kernel"], axis=0).max() <= 0.5 + 1e-6


def test_the_optimizer_averages_as_keras_does(tiny_run: MakeRun) -> None:
    optimizer = building.optimizer(tiny_run(regularizers=AVERAGED))
    assert (optimizer.use_ema, optimizer.ema_momentum) == (True, 0.9)
    assert optimizer.ema_overwrite_frequency is None
    assert not building.optimizer(tiny_run()).use_ema
