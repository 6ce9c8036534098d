"""Networks by hand: what they put out, what is pruned or silenced, and averages over dropout passes."""

import itertools
import math
from typing import get_args

import numpy as np
import pytest

from pipeline.networks.base import Activation
from pipeline.science import monte_carlo, pruning, units
from pipeline.science.network import Network

IMAGES = np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 1.0]], np.float32)
WEIGHTS = {
    "hidden_1/kernel": np.array([[1.0, -1.0], [9.0, 9.0], [2.0, 0.5]], np.float32),
    "hidden_1/bias": np.array([0.5, 0.25], np.float32),
    "logits/kernel": np.array([[1.0, 0.0], [-3.0, 4.0]], np.float32),
    "logits/bias": np.array([0.0, 1.0], np.float32),
}
# First image: relu(1 + 1 + .5, -1 + .25 + .25) = (2.5, 0); second: (2.5, .75).
HIDDEN = [[2.5, 0.0], [2.5, 0.75]]
LOGITS = [[2.5, 1.0], [2.5 - 2.25, 1.0 + 3.0]]


def network(activation: str = "relu") -> Network:
    return Network.of(WEIGHTS, activation)


def deep() -> Network:
    rng = np.random.default_rng(0)
    sizes = {"hidden_1": (3, 4), "hidden_2": (4, 5), "logits": (5, 2)}
    kernels = {f"{name}/kernel": rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    return Network.of(kernels | {f"{n}/bias": np.zeros(s[1], np.float32) for n, s in sizes.items()}, "tanh")


def test_the_output_of_a_network() -> None:
    assert network().first(IMAGES).tolist() == HIDDEN
    assert network().logits(IMAGES).tolist() == LOGITS
    assert network().units == [2]


@pytest.mark.parametrize("name", get_args(Activation))
def test_every_activation_that_may_be_asked_for(name: str) -> None:
    expected = {
        "relu": lambda x: max(x, 0.0),
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
        "tanh": math.tanh,
        "elu": lambda x: x if x > 0 else math.exp(x) - 1,
        "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    }[name]
    before = IMAGES.astype(float) @ WEIGHTS["hidden_1/kernel"] + WEIGHTS["hidden_1/bias"]
    assert before.min() < 0 < before.max()
    assert network(name).first(IMAGES) == pytest.approx(np.vectorize(expected)(before), rel=1e-6)


def test_layers_follow_each_other() -> None:
    values = IMAGES.astype(float)
    for kernel in deep().kernels[:-1]:
        values = np.tanh(values @ kernel)
    assert deep().logits(IMAGES) == pytest.approx(values @ deep().kernels[-1], rel=1e-5)


def test_what_is_not_such_a_network_is_refused() -> None:
    with pytest.raises(ValueError, match="activation: expected one of relu, "):
        network("swish")
    with pytest.raises(ValueError, match="weights: expected"):
        Network.of(WEIGHTS | {"hidden_1_batch_norm/gamma": np.ones(2, np.float32)}, "relu")


@pytest.mark.parametrize("name", get_args(Activation))
def test_the_gradient_by_the_inputs_is_that_of_small_differences(name: str) -> None:
    rng = np.random.default_rng(5)
    shapes = ((3, 6), (6, 5), (5, 2))
    kernels = tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)
    biases = tuple(rng.normal(size=shape[1]).astype(np.float32) for shape in shapes)
    images = rng.normal(size=(4, 3)).astype(np.float32)
    outputs = rng.normal(size=(4, 2)).astype(np.float32)
    whole, step = Network(kernels, biases, name), np.float32(1e-2)

    def weighed(at: np.ndarray) -> np.ndarray:
        return np.asarray((whole.logits(at).astype(float) * outputs).sum(axis=1))

    expected = [
        (weighed(images + step * one) - weighed(images - step * one)) / (2 * float(step))
        for one in np.eye(3, dtype=np.float32)
    ]
    assert whole.input_gradient(images, outputs) == pytest.approx(np.stack(expected, axis=1), abs=0.02)


def test_the_gradient_of_a_network_by_hand() -> None:
    """First image: the first unit alone is on, with (1, 9, 2) to it and 1 from it to the first logit."""
    first = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    assert network().input_gradient(IMAGES, first).tolist() == [
        [1.0, 9.0, 2.0],
        [1.0 + 3.0, 9.0 - 27.0, 2.0 - 1.5],  # the second unit is on too, with -3 from it
    ]
    with pytest.raises(ValueError, match=r"outputs: expected shape \(2, 2\), received \(2, 3\)"):
        network().input_gradient(IMAGES, np.zeros((2, 3), np.float32))


def test_what_enters_an_activation_leads_to_the_logits() -> None:
    entering = network().before_activations(IMAGES)
    assert [before.tolist() for before in entering] == [[[2.5, -0.5], [2.5, 0.75]]]
    assert network().from_layer(0, entering[0]).tolist() == LOGITS
    images = np.random.default_rng(6).normal(size=(4, 3)).astype(np.float32)
    for number, before in enumerate(deep().before_activations(images)):
        assert deep().from_layer(number, before) == pytest.approx(deep().logits(images), rel=1e-5)


# ---- silenced and pruned ----


def test_each_unit_is_silent_in_turn() -> None:
    images = np.random.default_rng(7).normal(size=(6, 3)).astype(np.float32)
    logits = list(units.one_by_one(deep(), images))
    assert len(logits) == 9
    for place, values in enumerate(logits):
        masks = units.only([4, 5], place)
        assert np.concatenate(masks).tolist() == np.eye(9, dtype=bool)[place].tolist()
        assert values == pytest.approx(deep().silenced(masks).logits(images), abs=1e-5)


def test_a_unit_is_marked_by_its_place() -> None:
    assert [mask.tolist() for mask in units.only([2, 3], 3)] == [[False, False], [False, True, False]]
    with pytest.raises(ValueError, match="place: expected 0 to 4, received 5"):
        units.only([2, 3], 5)


def test_a_thinned_network_is_one_whose_other_units_are_silent() -> None:
    images = np.random.default_rng(8).normal(size=(6, 3)).astype(np.float32)
    kept = [np.array([True, False, True, True]), np.array([False, True, True, False, True])]
    thin = deep().thinned(kept)
    assert thin.units == [3, 3]
    assert thin.logits(images) == pytest.approx(
        deep().silenced([~mask for mask in kept]).logits(images), abs=1e-5
    )


def test_a_silent_unit_puts_out_nothing() -> None:
    silent = network().silenced([np.array([True, False])])
    assert silent.after_first(network().first(IMAGES)).tolist() == [[0.0, 1.0], [-2.25, 4.0]]


def test_masks_are_nested_and_of_the_exact_share() -> None:
    drawn = units.silence([10, 4], [0.1, 0.5, 1.0], np.random.default_rng(1))
    assert [[int(mask.sum()) for mask in masks] for masks in drawn] == [[1, 0], [5, 2], [10, 4]]
    for smaller, larger in itertools.pairwise(drawn):
        assert all((few <= many).all() for few, many in zip(smaller, larger, strict=True))
    with pytest.raises(ValueError, match="shares: expected 0 to 1"):
        units.silence([10], [1.5], np.random.default_rng(1))


def test_the_correlation_of_units_that_vary() -> None:
    rising = np.array([1.0, 2.0, 4.0, 3.0])
    grid = np.stack([rising, -2 * rising, np.full(4, 7.0), [1.0, 0.0, 0.0, 1.0]], axis=1).astype(np.float32)
    pairs = [np.corrcoef(grid[:, a], grid[:, b])[0, 1] for a, b in ((0, 1), (0, 3), (1, 3))]
    assert units.mean_correlation(grid) == pytest.approx(np.abs(pairs).mean(), abs=1e-6)
    with pytest.raises(ValueError, match="at least two units that vary, received 1"):
        units.mean_correlation(grid[:, 2:])


def test_weights_of_an_input_that_never_varies_are_not_live() -> None:
    masks = pruning.live(network(), IMAGES)
    assert masks[0].tolist() == [[True, True], [False, False], [True, True]]
    assert masks[1].all()
    assert sorted(pruning.chosen(network(), masks)) == [-3.0, -1.0, 0.0, 0.5, 1.0, 1.0, 2.0, 4.0]


def test_the_smallest_of_all_kernels_go_first() -> None:
    live = pruning.live(network(), IMAGES)
    pruned = pruning.prune(network(), 0.25, live)  # 2 of 8: the 0 of the logits and the .5
    assert pruned.kernels[0].tolist() == [[1.0, -1.0], [9.0, 9.0], [2.0, 0.0]]
    assert pruned.kernels[1].tolist() == WEIGHTS["logits/kernel"].tolist()
    all_gone = pruning.prune(network(), 1.0, live)
    assert all_gone.kernels[0].tolist() == [[0.0, 0.0], [9.0, 9.0], [0.0, 0.0]]  # what is not live stays
    assert network().logits(IMAGES).tolist() == LOGITS  # and the network itself
    with pytest.raises(ValueError, match=r"share: expected 0 to 1, received -0\.1"):
        pruning.prune(network(), -0.1, live)


# ---- dropout passes ----


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))


def test_many_passes_approach_the_mean_over_all_masks() -> None:
    """Two hidden units have four masks: their mean by enumeration."""
    rate = 0.3
    expected = np.zeros((2, 2))
    for kept in itertools.product([0.0, 1.0], repeat=2):
        weight = np.prod([1 - rate if keeps else rate for keeps in kept])
        hidden = np.array(HIDDEN) * kept / (1 - rate)
        expected += weight * softmax(hidden @ WEIGHTS["logits/kernel"] + WEIGHTS["logits/bias"])
    averages = monte_carlo.averages(network(), IMAGES, rate, [1, 4000], np.random.default_rng(2))
    assert averages.shape == (2, 2, 2)
    assert averages[1] == pytest.approx(expected, abs=0.02)  # 2.5 standard errors of 4000 passes
    assert np.abs(averages[0] - expected).max() > 0.02


def test_passes_are_seeded_and_run_on() -> None:
    averages, repeated = (
        monte_carlo.averages(deep(), IMAGES, 0.5, [1, 2, 5], np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(averages, repeated)
    assert averages.sum(axis=-1) == pytest.approx(np.ones((3, 2)), abs=1e-6)


@pytest.mark.parametrize(
    ("rate", "counts"), [(0.0, [1]), (1.0, [1]), (0.5, []), (0.5, [2, 1]), (0.5, [0, 1])]
)
def test_impossible_passes_are_refused(rate: float, counts: list[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        monte_carlo.averages(network(), IMAGES, rate, counts, np.random.default_rng(0))
