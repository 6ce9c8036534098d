"""Intervals and tests against explicit computation, scipy's own tests and hand-made answers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.science.arrays import IntArray
from pipeline.science.comparison import (
    equivalence,
    holm,
    jackknife,
    leave_one_out,
    mean_interval,
    paired_difference,
    replicates,
    sign_flip_p,
)

SAMPLE = np.random.default_rng(0).normal(0.3, 1.0, size=9)


def test_replicates_average_inits_within_a_split() -> None:
    """Three splits of two inits are three replicates; one split leaves its inits."""
    np.testing.assert_array_equal(replicates([[1, 3], [5, 5], [0, 1]]), [2.0, 5.0, 0.5])
    np.testing.assert_array_equal(replicates([[1, 3, 8]]), [1.0, 3.0, 8.0])


def test_mean_interval_by_hand() -> None:
    """Mean 2, standard error 1/sqrt(3), and Student's 4.303 for two degrees of freedom."""
    interval = mean_interval([1.0, 2.0, 3.0])
    assert (interval.estimate, interval.n) == (2.0, 3)
    assert interval.high - 2 == pytest.approx(4.302652730 / np.sqrt(3))
    assert 2 - interval.low == pytest.approx(4.302652730 / np.sqrt(3))
    assert mean_interval([1.0, 2.0, 3.0], level=0.5).high < interval.high


def test_paired_difference_is_the_paired_t_test() -> None:
    """Against scipy's; the sign is that of a - b."""
    a, b = SAMPLE + 1.0, np.random.default_rng(1).normal(size=9)
    difference, expected = paired_difference(a, b, level=0.9), stats.ttest_rel(a, b)
    limits = expected.confidence_interval(0.9)
    assert difference.estimate == pytest.approx(np.mean([x - y for x, y in zip(a, b, strict=True)]))
    assert (difference.low, difference.high) == pytest.approx((limits.low, limits.high))
    assert difference.p_value == pytest.approx(expected.pvalue)


def test_paired_differences_without_spread() -> None:
    """Equal arrays show nothing; a constant shift is certain."""
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p_value == 1.0
    shifted = paired_difference([2.0, 3.0], [1.0, 2.0])
    assert (shifted.low, shifted.high, shifted.p_value) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_sign_flip_enumerates_all_patterns(n: int) -> None:
    """Against a loop over the patterns; the observed one counts, so p is never 0."""
    values = SAMPLE[:n]
    patterns = itertools.product([-1, 1], repeat=n)
    sums = [abs(sum(s * v for s, v in zip(p, values, strict=True))) for p in patterns]
    expected = sum(s >= abs(values.sum()) - 1e-9 for s in sums) / 2**n
    assert sign_flip_p(values) == expected
    assert sign_flip_p(-values) == expected


def test_sign_flip_has_its_floor() -> None:
    """Five differences of one sign cannot go below 2/32; none at all gives 1."""
    assert sign_flip_p([1.0, 2.0, 0.1, 0.3, 5.0]) == 2 / 32
    assert sign_flip_p([0.1] * 5) == 2 / 32  # ties in theory, not in floating point
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0


def test_sign_flip_by_monte_carlo() -> None:
    """Near the exact value of 18 differences, equal for equal seeds, refused without a seed."""
    values = np.random.default_rng(2).normal(0.35, 1.0, size=18)
    signs = 1 - 2 * ((np.arange(2**18)[:, None] >> np.arange(18)) & 1)
    exact = (np.abs(signs @ values) >= abs(values.sum()) - 1e-9).mean()
    sampled = sign_flip_p(values, np.random.default_rng(3))
    assert abs(sampled - exact) < 4 * np.sqrt(exact * (1 - exact) / 10_000)
    assert sampled == sign_flip_p(values, np.random.default_rng(3))
    assert sign_flip_p(np.ones(60), np.random.default_rng(4), draws=99) == 1 / 100
    with pytest.raises(ValueError, match="rng: expected a Generator for n > 16, received None"):
        sign_flip_p(values)


def test_holm_by_hand() -> None:
    """Smallest times 3, next times 2, never below an earlier one, in the order given."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_holm_is_that_of_statsmodels(count: int) -> None:
    """With ties, and values that are adjusted to one."""
    values = np.random.default_rng(count).uniform(size=count).round(2) ** 3
    expected = multipletests(values, method="holm")[1]
    np.testing.assert_allclose(holm(values), expected, rtol=1e-12)


@pytest.mark.parametrize("margin", [0.2, 0.9, 3.0])
def test_equivalence_is_two_one_sided_tests(margin: float) -> None:
    """The larger p of scipy's two one-sided tests, for either sign of the differences."""
    below = stats.ttest_1samp(SAMPLE, -margin, alternative="greater").pvalue
    above = stats.ttest_1samp(SAMPLE, margin, alternative="less").pvalue
    assert equivalence(SAMPLE, margin) == pytest.approx(max(below, above))
    assert equivalence(-SAMPLE, margin) == pytest.approx(max(below, above))


def test_equivalence_without_spread() -> None:
    """Certain inside the margin, impossible outside."""
    assert equivalence([0.0, 0.0], 0.1) == 0.0
    assert equivalence([0.5, 0.5], 0.1) == 1.0


def test_jackknife_of_a_mean_is_the_t_interval() -> None:
    """For a mean the delete-one jackknife is the usual standard error."""

    def mean(indices: IntArray) -> float:
        return float(SAMPLE[indices].mean())

    interval, expected = jackknife(leave_one_out(mean, 9)), mean_interval(SAMPLE)
    assert (interval.estimate, interval.low, interval.high, interval.n) == pytest.approx(
        (expected.estimate, expected.low, expected.high, 9)
    )


def test_jackknife_of_a_variance_by_explicit_loop() -> None:
    """A statistic that is not linear, from pseudo-values."""

    def variance(indices: IntArray) -> float:
        return float(SAMPLE[indices].var(ddof=1))

    whole = SAMPLE.var(ddof=1)
    pseudo = [9 * whole - 8 * np.delete(SAMPLE, i).var(ddof=1) for i in range(9)]
    half = stats.t.ppf(0.975, 8) * np.std(pseudo, ddof=1) / 3
    interval = jackknife(leave_one_out(variance, 9))
    assert (interval.low, interval.high) == pytest.approx((whole - half, whole + half))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_replicates_is_irrelevant(seed: int) -> None:
    """Intervals and p values do not depend on the order of the replicates."""
    rng = np.random.default_rng(seed)
    values, order = rng.normal(size=7), rng.permutation(7)
    assert mean_interval(values[order]).low == pytest.approx(mean_interval(values).low)
    assert sign_flip_p(values[order]) == sign_flip_p(values)
    assert equivalence(values[order], 0.5) == pytest.approx(equivalence(values, 0.5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([1.0]), "values: expected at least 2 replicates, received 1"),
        (lambda: mean_interval([1.0, np.nan]), "values: expected finite values, received 1 NaN"),
        (lambda: mean_interval([1.0, np.inf]), "values: expected finite values"),
        (lambda: mean_interval([1.0, 2.0], level=95), "level: .* between 0 and 1, received 95"),
        (lambda: replicates([1.0, 2.0]), r"values: expected a non-empty \(D, I\) array"),
        (
            lambda: paired_difference([1.0, 2.0], [1.0]),
            r"b: expected shape \(2,\) like a, received \(1,\)",
        ),
        (lambda: paired_difference([1.0], [1.0]), "a - b: expected at least 2 replicates"),
        (lambda: sign_flip_p([]), r"differences: expected a non-empty \(n,\) array"),
        (lambda: holm([0.5, 1.5]), r"p_values: expected values in \[0, 1\]"),
        (lambda: holm([np.nan]), "p_values: expected finite values"),
        (lambda: equivalence([1.0, 2.0], 0.0), "margin: expected a value above 0, received 0"),
        (lambda: equivalence([1.0], 0.1), "differences: expected at least 2 replicates"),
        (lambda: leave_one_out(lambda _: 0.0, 1), "n: expected at least 2 replicates"),
        (lambda: leave_one_out(lambda _: np.nan, 3), "statistic_of_indices: expected finite"),
    ],
)
def test_malformed_input_is_refused(call, message) -> None:  # type: ignore[no-untyped-def]
    """Argument, expected, received."""
    with pytest.raises(ValueError, match=message):
        call()
