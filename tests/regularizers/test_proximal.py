"""L1 by proximal steps: the soft threshold against numpy, with every optimizer, and its exact zeros."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.regularizers.l1 import L1
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense
from tests.regularizers import building

MakeRun = Callable[..., Run]
RATE, STRENGTH = 0.25, 0.4
SPECS: list[dict[str, Any]] = [{"name": "adam"}, {"name": "sgd"}, {"name": "sgd", "momentum": 0.9}]
optimizers = pytest.mark.parametrize("spec", SPECS, ids=["adam", "sgd", "momentum"])


def proximal(strength: float) -> dict[str, Any]:
    return {"l1": {"strength": strength, "proximal": True}}


def stepped(run: Run, gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights after one update, by path."""
    model, optimizer = building.network(run), building.optimizer(run)
    variables = model.trainable_variables
    optimizer.build(variables)
    for variable in variables:  # no bias, gain or shift is at its zero or one
        variable.assign(variable + 0.03)
    optimizer.apply([keras.ops.array(gradients[models.weight_name(v)]) for v in variables], variables)
    return {models.weight_name(v): v.numpy() for v in variables}


@optimizers
def test_a_step_is_the_update_and_then_the_soft_threshold_of_every_kernel(
    tiny_run: MakeRun, spec: dict[str, Any]
) -> None:
    other: dict[str, Any] = {"batch_norm": {"momentum": 0.9}, "layer_norm": {"epsilon": 0.001}}
    plain, run = (
        tiny_run(network=dense(16, 8), regularizers=mix, optimizer=spec | {"learning_rate": RATE})
        for mix in (other, other | proximal(STRENGTH))
    )
    rng = np.random.default_rng(0)
    gradients = {  # a third of them zero, where Adam takes no step
        models.weight_name(v): (rng.normal(0, 0.3, v.shape) * (rng.random(v.shape) < 2 / 3)).astype("f4")
        for v in building.network(plain).trainable_variables
    }
    updated, received = stepped(plain, gradients), stepped(run, gradients)
    for name, array in updated.items():
        if name.endswith("kernel"):
            expected = np.sign(array) * np.maximum(np.abs(array.astype(np.float64)) - RATE * STRENGTH, 0)
            assert received[name] == pytest.approx(expected, abs=1e-7), name
            assert np.any(received[name] == 0)
            assert np.any(received[name] != 0)
        else:
            assert np.array_equal(received[name], array), name


def test_gradient_descent_with_it_finds_the_lasso_of_one_weight(tiny_run: MakeRun) -> None:
    """For (w - a)^2 / 2 + strength * abs(w) the minimum is the soft threshold of a (Parikh & Boyd, 6.5.2)."""
    aims = np.array([[-2.0, -0.3, 0.0, 0.2, 1.5]], np.float32)
    kernel = keras.Variable(np.ones((1, 5), np.float32), name="kernel")
    optimizer = building.optimizer(
        tiny_run(regularizers=proximal(STRENGTH), optimizer={"name": "sgd", "learning_rate": 0.5})
    )
    optimizer.build([kernel])
    for _ in range(60):
        optimizer.apply([kernel.value - aims], [kernel])
    assert kernel.numpy() == pytest.approx(np.array([[-1.6, 0.0, 0.0, 0.0, 1.1]]), abs=1e-6)
    assert np.array_equal(kernel.numpy() == 0, [[False, True, True, True, False]])


@optimizers
def test_zeros_are_exact_and_more_of_them_with_more_strength(
    tiny_run: MakeRun, tiny_data: Replicate, spec: dict[str, Any]
) -> None:
    rate = {"adam": 0.005, "sgd": 0.1}[spec["name"]]
    strengths = (0.03, 0.1) if spec["name"] == "adam" else (0.003, 0.01)
    shares = []
    for strength in (0.0, *strengths):
        run = tiny_run(
            regularizers=proximal(strength) if strength else {"l1": {"strength": 0.001}},
            optimizer=spec | {"learning_rate": rate},
            epochs=10,
        )
        result = train(run, tiny_data)
        shares.append(float(np.mean(result.weights["hidden_1/kernel"] == 0)))
        assert result.final["train_error"] < 0.5
    assert shares[0] < 0.01 < shares[1] < shares[2] < 1  # by the subgradient nearly none is zero


def test_it_takes_the_place_of_the_penalty(tiny_run: MakeRun) -> None:
    assert L1(strength=0.1, proximal=True).kernel_penalty() is None
    assert L1(strength=0.1).kernel_penalty() is not None
    assert not building.network(tiny_run(regularizers=proximal(0.1))).losses
    for parts in ({"l1": {"strength": 0.1}}, {"l1": {"strength": 0.1, "proximal": False}}):
        assert "update_step" not in vars(building.optimizer(tiny_run(regularizers=parts)))


def test_the_ball_of_max_norm_keeps_the_zeros(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    parts = proximal(0.1) | {"max_norm": {"limit": 0.3}}
    optimizer = {"name": "adam", "learning_rate": 0.005}
    kernel = train(tiny_run(regularizers=parts, optimizer=optimizer, epochs=10), tiny_data).weights[
        "hidden_1/kernel"
    ]
    assert np.linalg.norm(kernel, axis=0).max() <= 0.3 + 1e-6
    assert 0.01 < np.mean(kernel == 0) < 1
