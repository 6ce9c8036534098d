"""Bias and variance: hand-made answers, explicit loops, known truths and broken input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from pipeline.science.arrays import FloatArray
from pipeline.science.bias_variance import components, cross_entropy, squared_error, total_variance

DECOMPOSITIONS = [squared_error, cross_entropy]


def random_logs(d: int, i: int, m: int = 6, c: int = 4, seed: int = 0) -> FloatArray:
    """Log-probabilities (d, i, m, c) of random Gaussian logits."""
    logits = np.random.default_rng(seed).normal(0.0, 2.0, size=(d, i, m, c))
    return np.asarray(log_softmax(logits, axis=-1))


def half_squared_gaps(p: FloatArray, same_split: bool, same_init: bool) -> float:
    """Mean over pairs of models of ||p - q||^2 / 2: what a pair that shares nothing, or one, has.

    Its expectation is the sum of the variance components that the pair does not share.
    """
    grid = list(itertools.product(range(p.shape[0]), range(p.shape[1])))
    gaps = [
        ((p[d, i] - p[e, j]) ** 2).sum(axis=-1).mean() / 2
        for (d, i), (e, j) in itertools.permutations(grid, 2)
        if (d == e) == same_split and (i == j) == same_init
    ]
    return float(np.mean(gaps))


def test_squared_error_of_two_opposite_models() -> None:
    """Models (1, 0) and (0, 1) at label 0: losses 0 and 2, so all of the risk is variance."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[1.0, 0.0], [0.0, 1.0]]))[:, None, None]
    decomposition = squared_error(logs, [0]).mean()
    assert (decomposition.risk, decomposition.bias, decomposition.variance) == pytest.approx((1.0, 0.0, 1.0))


def test_cross_entropy_of_two_models_by_hand() -> None:
    """Models (.8, .2) and (.5, .5): Z = sqrt(.4) + sqrt(.1), times N/(N-1) = 2."""
    logs = np.log(np.array([[0.8, 0.2], [0.5, 0.5]]))[:, None, None]
    decomposition = cross_entropy(logs, [0]).mean()
    variance = -2 * np.log(np.sqrt(0.4) + np.sqrt(0.1))
    risk = -np.log(0.4) / 2
    assert (decomposition.risk, decomposition.bias, decomposition.variance) == pytest.approx(
        (risk, risk - variance, variance), abs=1e-12
    )


@pytest.mark.parametrize(("d", "i"), [(2, 1), (5, 1), (1, 4), (3, 2), (4, 3)])
def test_squared_error_by_explicit_loops(d: int, i: int) -> None:
    """Variance from pairs of models, bias from pairs of losses: no mean square is formed."""
    logs, labels = random_logs(d, i), np.array([0, 1, 2, 3, 0, 1])
    p = np.exp(logs)
    shared = {"same_split": d == 1, "same_init": i == 1}
    variance = half_squared_gaps(p, **shared)
    risk, y = 0.0, np.eye(4)[labels]
    for a, b in itertools.product(range(d), range(i)):
        risk += ((p[a, b] - y) ** 2).sum(axis=-1).mean() / (d * i)
    decomposition = squared_error(logs, labels).mean()
    assert decomposition.risk == pytest.approx(risk, abs=1e-12)
    assert decomposition.variance == pytest.approx(variance, abs=1e-12)
    assert decomposition.bias == pytest.approx(risk - variance, abs=1e-12)


def test_components_by_explicit_pairs() -> None:
    """Pairs in one split lack the split's variance, pairs with one init the init's."""
    logs = random_logs(4, 3)
    p = np.exp(logs)
    total = half_squared_gaps(p, same_split=False, same_init=False)
    within_split = half_squared_gaps(p, same_split=True, same_init=False)
    within_init = half_squared_gaps(p, same_split=False, same_init=True)
    sources = components(logs)
    assert sources.split == pytest.approx(total - within_split, abs=1e-12)
    assert sources.init == pytest.approx(total - within_init, abs=1e-12)
    assert sources.interaction == pytest.approx(within_split + within_init - total, abs=1e-12)
    assert sources.total == pytest.approx(squared_error(logs, [0] * 6).mean().variance, abs=1e-10)


@pytest.mark.parametrize(("d", "i"), [(5, 1), (1, 5), (2, 1)])
def test_independent_models_have_the_factor_n_over_n_minus_one(d: int, i: int) -> None:
    """With one init, or one split, the cross-entropy factor is exactly N/(N-1)."""
    logs, n = random_logs(d, i), d * i
    plug_in = -np.log(np.exp(logs.mean(axis=(0, 1))).sum(axis=-1))
    decomposition = cross_entropy(logs, [0] * 6)
    np.testing.assert_allclose(decomposition.variance, plug_in * n / (n - 1), rtol=1e-10)


@pytest.mark.parametrize("decompose", DECOMPOSITIONS)
def test_identity_holds_for_every_image(decompose) -> None:  # type: ignore[no-untyped-def]
    """Risk = bias + variance image by image, and the means are the means of the images."""
    decomposition = decompose(random_logs(4, 3), [0, 1, 2, 3, 0, 1])
    np.testing.assert_allclose(decomposition.risk, decomposition.bias + decomposition.variance, atol=1e-10)
    mean = decomposition.mean()
    assert mean.risk == pytest.approx(mean.bias + mean.variance, abs=1e-10)
    assert mean.variance == pytest.approx(sum(decomposition.variance) / 6, abs=1e-12)


@pytest.mark.parametrize("decompose", DECOMPOSITIONS)
def test_constant_predictor_is_all_bias(decompose) -> None:  # type: ignore[no-untyped-def]
    """Models that agree have no variance, in the crossed and in the one-way design."""
    logs = random_logs(1, 1)
    for d, i in [(2, 1), (3, 2)]:
        decomposition = decompose(np.tile(logs, (d, i, 1, 1)), [0, 1, 2, 3, 0, 1]).mean()
        assert decomposition.variance == pytest.approx(0.0, abs=1e-12)
        assert decomposition.bias == pytest.approx(decomposition.risk, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_models_images_and_classes_is_irrelevant(seed: int) -> None:
    """Permuting splits, inits, images with their labels, or classes changes nothing."""
    rng = np.random.default_rng(seed)
    logs, labels = random_logs(4, 3, seed=seed), rng.integers(4, size=6)
    d, i, m, c = (rng.permutation(n) for n in logs.shape)
    shuffled, renamed = logs[np.ix_(d, i, m, c)], np.argsort(c)[labels[m]]
    for decompose in DECOMPOSITIONS:
        before, after = decompose(logs, labels), decompose(shuffled, renamed)
        np.testing.assert_allclose(after.risk, before.risk[m], rtol=1e-9)
        np.testing.assert_allclose(after.variance, before.variance[m], rtol=1e-9, atol=1e-12)
    assert components(shuffled).split == pytest.approx(components(logs).split, abs=1e-12)


def test_exact_zeros_are_the_limit_of_small_probabilities() -> None:
    """A class excluded by one model gives what a probability of 1e-200 gives."""

    def logs(tiny: float) -> FloatArray:
        with np.errstate(divide="ignore"):
            p = np.array([[0.7, 0.3, tiny], [0.4, tiny, 0.6], [0.5, 0.2, 0.3], [0.9, 0.1, tiny]])
            return np.asarray(np.log(p).reshape(2, 2, 1, 3))

    for decompose in DECOMPOSITIONS:
        exact, limit = decompose(logs(0.0), [0]).mean(), decompose(logs(1e-200), [0]).mean()
        assert exact.risk == pytest.approx(limit.risk, rel=1e-6)
        assert exact.variance == pytest.approx(limit.variance, rel=1e-6)
        assert np.isfinite(exact.bias)


def test_zero_at_the_label_is_an_infinite_bias() -> None:
    """NLL and bias are infinite, the variance is not, and the squared error does not care."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[0.0, 1.0], [0.5, 0.5]]))[:, None, None]
    decomposition = cross_entropy(logs, [0]).mean()
    assert decomposition.risk == decomposition.bias == np.inf
    assert decomposition.variance == pytest.approx(np.log(2.0))  # Z = sqrt(.5), twice -log Z
    assert squared_error(logs, [0]).mean().risk == pytest.approx((2.0 + 0.5) / 2)


def test_models_that_differ_only_in_excluded_classes() -> None:
    """Models (.5, .5, 0) and (.5, 0, .5) share one class: Z = .5, twice -log Z."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]))[:, None, None]
    decomposition = cross_entropy(logs, [0]).mean()
    assert decomposition.variance == pytest.approx(2 * np.log(2.0))
    assert decomposition.bias == pytest.approx(-np.log(2.0))  # an estimate below zero is not clipped


def test_models_that_exclude_each_other_are_refused() -> None:
    """No class is possible under both models: there is no geometric mean."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.eye(2))[:, None, None]
    with pytest.raises(ValueError, match="received 1 images with none: the geometric mean"):
        cross_entropy(logs, [0])


@pytest.mark.parametrize("decompose", DECOMPOSITIONS)
def test_one_model_is_refused(decompose) -> None:  # type: ignore[no-untyped-def]
    """A variance needs two models."""
    with pytest.raises(ValueError, match=r"at least two models .* received 1 x 1"):
        decompose(random_logs(1, 1), [0] * 6)


@pytest.mark.parametrize(("d", "i"), [(1, 4), (4, 1)])
def test_components_need_a_crossed_design(d: int, i: int) -> None:
    """With one split or one init the sources cannot be told apart."""
    with pytest.raises(ValueError, match=f"D >= 2 and I >= 2, received {d} x {i}"):
        components(random_logs(d, i))


def test_total_variance_of_a_one_dimensional_array_is_refused() -> None:
    """The two axes of the design are required."""
    with pytest.raises(ValueError, match=r"expected a non-empty \(D, I\) array, received \(3,\)"):
        total_variance([1.0, 2.0, 3.0])
