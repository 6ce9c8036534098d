"""How many pairs a comparison takes, and jackknifed differences of statistics that are no means."""

import numpy as np
import pytest
from scipy import stats

from pipeline.science.comparison import jackknife, leave_one_out, replicates_needed


def power(deviation: float, difference: float, n: int) -> float:
    """How often a two-sided paired t test of n pairs sees the difference, from the noncentral t."""
    critical = stats.t.ppf(0.975, n - 1)
    shifted = stats.nct(n - 1, difference / deviation * np.sqrt(n))
    return float(shifted.sf(critical) + shifted.cdf(-critical))


@pytest.mark.parametrize(("deviation", "pairs"), [(0.08, 8), (0.14, 18), (0.20, 34)])
def test_pairs_for_a_tenth_of_a_point(deviation: float, pairs: int) -> None:
    """The least number with 80 % power; the unit of both cancels."""
    assert replicates_needed(deviation, 0.1) == pairs
    assert replicates_needed(1_000 * deviation, 100.0) == pairs
    assert power(deviation, 0.1, pairs) >= 0.8 > power(deviation, 0.1, pairs - 1)


@pytest.mark.parametrize(("deviation", "difference"), [(0.0, 0.1), (0.1, 0.0), (-1.0, 1.0), (np.nan, 1.0)])
def test_no_spread_and_no_difference_are_refused(deviation: float, difference: float) -> None:
    with pytest.raises(ValueError, match="deviation, difference: expected above 0, received"):
        replicates_needed(deviation, difference)


def test_a_jackknifed_difference_is_paired() -> None:
    """Of two variances over shared replicates: by an explicit loop, and narrower than unpaired."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=8)
    a, b = (scale * shared + rng.normal(0, 0.05, size=8) for scale in (1.2, 1.0))
    first = leave_one_out(lambda kept: float(a[kept].var(ddof=1)), 8)
    second = leave_one_out(lambda kept: float(b[kept].var(ddof=1)), 8)
    paired = jackknife(first - second)
    left = [np.delete(a, i).var(ddof=1) - np.delete(b, i).var(ddof=1) for i in range(8)]
    error = np.sqrt(7 / 8 * sum((value - np.mean(left)) ** 2 for value in left))
    estimate = a.var(ddof=1) - b.var(ddof=1)
    assert paired.estimate == pytest.approx(estimate)
    assert paired.n == 8
    assert paired.high - paired.estimate == pytest.approx(stats.t.ppf(0.975, 7) * error)
    assert paired.p_value == pytest.approx(2 * stats.t.sf(abs(estimate) / error, 7))
    unpaired = [jackknife(values) for values in (first, second)]
    assert paired.high - paired.low < min(interval.high - interval.low for interval in unpaired)
