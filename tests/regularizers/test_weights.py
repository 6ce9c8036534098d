"""What acts on the weights, against numpy: L1, L2, max-norm, weight decay."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.regularizers.l1 import L1
from pipeline.regularizers.l2 import L2
from pipeline.regularizers.max_norm import MaxNorm
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense
from tests.regularizers import building

MakeRun = Callable[..., Run]
Kernel = npt.NDArray[np.float32]

BOTH: dict[str, Any] = {"l1": {"strength": 0.01}, "l2": {"strength": 0.02}}
kernels = hnp.arrays(np.float32, (4, 3), elements=st.floats(-2, 2, width=32))


@given(kernel=kernels, strength=st.floats(0.001, 10))
def test_l1_is_the_sum_of_the_absolute_weights(kernel: Kernel, strength: float) -> None:
    expected = strength * np.abs(kernel.astype(np.float64)).sum()
    penalty = L1(strength=strength).kernel_penalty()
    assert penalty is not None
    assert float(penalty(kernel)) == pytest.approx(expected, rel=1e-5)


@given(kernel=kernels, strength=st.floats(0.001, 10))
def test_l2_is_the_sum_of_the_squared_weights_without_the_half(kernel: Kernel, strength: float) -> None:
    expected = strength * (kernel.astype(np.float64) ** 2).sum()
    received = float(L2(strength=strength).kernel_penalty()(kernel))
    assert received == pytest.approx(expected, rel=1e-5, abs=1e-30)


def test_penalties_are_summed_over_every_kernel_and_no_bias(tiny_run: MakeRun) -> None:
    model = building.network(tiny_run(network=dense(16, 8), regularizers=BOTH))
    expected = 0.0
    for variable in model.weights:
        if "bias" in variable.path:
            variable.assign(np.full(variable.shape, 5.0))
        else:
            kernel = variable.numpy().astype(np.float64)
            expected += 0.01 * np.abs(kernel).sum() + 0.02 * (kernel**2).sum()
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_has_the_penalty_and_the_scores_do_not(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    still = {"name": "sgd", "learning_rate": 1e-30}  # the weights stay where they were
    result = train(tiny_run(regularizers=BOTH, optimizer=still, epochs=1), tiny_data)
    penalty = sum(
        0.01 * np.abs(array).sum(dtype=np.float64) + 0.02 * (array.astype(np.float64) ** 2).sum()
        for name, array in result.weights.items()
        if name.endswith("kernel")
    )
    expected = result.history["train_cross_entropy"][0] + penalty
    assert result.history["loss"][0] == pytest.approx(expected, rel=1e-5)


# ---- max-norm ----


@given(kernel=kernels, limit=st.floats(0.5, 3))
def test_max_norm_rescales_what_is_too_long_and_nothing_else(kernel: Kernel, limit: float) -> None:
    constrained = np.asarray(MaxNorm(limit=limit).kernel_constraint(2)(kernel))
    for column, before in zip(constrained.T, kernel.astype(np.float64).T, strict=True):
        norm = np.sqrt((before**2).sum())
        expected = before * min(1.0, limit / norm) if norm else before
        assert column == pytest.approx(expected, abs=1e-5)


def test_hidden_units_end_in_the_ball_and_the_logits_are_free(
    tiny_run: MakeRun, tiny_data: Replicate
) -> None:
    optimizer = {"name": "adam", "learning_rate": 0.02}
    parts = {"max_norm": {"limit": 0.5}}
    run = tiny_run(network=dense(16, 8), regularizers=parts, optimizer=optimizer, epochs=10)
    weights = train(run, tiny_data).weights
    norms = {name: np.linalg.norm(weights[f"{name}/kernel"], axis=0) for name in ("hidden_1", "hidden_2")}
    for name, lengths in norms.items():
        assert lengths.max() <= 0.5 + 1e-5, name
        assert lengths.max() == pytest.approx(0.5, abs=1e-4), name  # and the limit is reached
    assert np.linalg.norm(weights["logits/kernel"], axis=0).max() > 0.5


# ---- weight decay ----


@pytest.mark.parametrize("spec", [{"name": "sgd", "momentum": 0.9}, {"name": "adam"}])
def test_a_step_without_gradient_shrinks_the_kernels_alone(tiny_run: MakeRun, spec: dict[str, Any]) -> None:
    parts = {"weight_decay": {"rate": 0.5}, "batch_norm": {"momentum": 0.9}}
    run = tiny_run(network=dense(16, 8), regularizers=parts, optimizer=spec | {"learning_rate": 0.25})
    model, optimizer = building.network(run), building.optimizer(run)
    for variable in model.weights:  # no bias, scale or shift is at its zero or one
        variable.assign(variable + 3.0)
    before = {models.weight_name(v): v.numpy() for v in model.weights}
    variables = model.trainable_variables
    optimizer.apply([keras.ops.zeros_like(variable) for variable in variables], variables)
    decayed = set()
    for variable in model.weights:
        name, after = models.weight_name(variable), variable.numpy()
        if name.endswith("kernel"):
            decayed.add(name)
            assert after == pytest.approx(before[name] * (1 - 0.25 * 0.5), rel=1e-6)
        else:
            assert np.array_equal(after, before[name]), name
    assert decayed == {"hidden_1/kernel", "hidden_2/kernel", "logits/kernel"}


def test_decay_is_apart_from_the_gradient_step(tiny_run: MakeRun) -> None:
    parts = {"weight_decay": {"rate": 0.5}}
    run = tiny_run(regularizers=parts, optimizer={"name": "sgd", "learning_rate": 0.25})
    model, optimizer = building.network(run), building.optimizer(run)
    kernel = model.get_layer("logits").kernel
    before, gradient = kernel.numpy(), np.linspace(-1, 1, 160, dtype=np.float32).reshape(16, 10)
    variables = model.trainable_variables
    gradients = [
        keras.ops.convert_to_tensor(gradient if variable is kernel else np.zeros(variable.shape, np.float32))
        for variable in variables
    ]
    optimizer.apply(gradients, variables)
    assert kernel.numpy() == pytest.approx(before * (1 - 0.25 * 0.5) - 0.25 * gradient, abs=1e-6)
