"""All regularizers at once, under every optimizer: they get along, and equal seeds give equal bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.networks import Network
from pipeline.plan import Run
from pipeline.regularizers import Regularizer, discover
from pipeline.training import trainer
from pipeline.training.trainer import train

MakeRun = Callable[..., Run]
ALL: dict[str, dict[str, Any]] = {
    "augmentation": {"pixels": 1},
    "batch_norm": {"momentum": 0.9},
    "dropout": {"rate": 0.1},
    "early_stopping": {"patience": 10},
    "gaussian_noise": {"stddev": 0.1},
    "l1": {"strength": 1e-3, "proximal": True},
    "l2": {"strength": 1e-4},
    "label_smoothing": {"smoothing": 0.1},
    "layer_norm": {"epsilon": 0.001},
    "max_norm": {"limit": 2.0},
    "mixup": {"alpha": 0.2},
    "weight_averaging": {"momentum": 0.9},
    "weight_decay": {"rate": 0.01},
}
OPTIMIZERS: list[dict[str, Any]] = [
    {"name": "adam", "learning_rate": 0.01},
    {"name": "sgd", "learning_rate": 0.1},
    {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
]
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adam", "sgd", "momentum"])


def test_each_of_them_is_among_those_tried_together() -> None:
    alone = {name for name, kind in discover().items() if any(map(kind.uses, Regularizer.EXCLUSIVE))}
    dense = {name for name, kind in discover().items() if kind.needs() <= Network.OFFERS}
    assert dense - set(ALL) <= alone


@optimizers
def test_all_at_once_learn_and_repeat_their_bits(
    tiny_run: MakeRun, tiny_data: Replicate, optimizer: dict[str, Any]
) -> None:
    run = tiny_run(regularizers=ALL, optimizer=optimizer, epochs=15)
    trainer._engine.cache_clear()
    first = train(run, tiny_data)
    train(tiny_run(regularizers=ALL, optimizer=optimizer, epochs=2, init_seed=9, noise_seed=9), tiny_data)
    repeated = train(run, tiny_data)
    assert trainer._engine.cache_info().currsize == 1
    assert first.final == repeated.final
    for path, array in first.weights.items():
        assert np.array_equal(array, repeated.weights[path]), path
        assert np.isfinite(array).all()
    assert first.final["train_error"] < 0.5


@optimizers
def test_to_measure_the_covariate_shift_changes_no_bit(
    tiny_run: MakeRun, tiny_data: Replicate, optimizer: dict[str, Any]
) -> None:
    plain, measured = (
        train(tiny_run(regularizers=ALL, optimizer=optimizer, shift_every=every), tiny_data)
        for every in (0, 2)
    )
    for path, array in plain.weights.items():
        assert np.array_equal(array, measured.weights[path]), path
