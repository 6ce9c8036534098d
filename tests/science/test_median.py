"""The median of paired differences: exact tests and limits, and what one bad pair cannot do."""

import numpy as np
import pytest
from scipy import stats

from pipeline.science import verdicts
from pipeline.science.median import paired_median
from pipeline.science.verdicts import Outcome

PAIRS = [0.31, -0.05, 0.12, 0.0, 0.22, 0.18, 0.27, 0.09, 0.15, 0.41]  # eight above 0, one below, a tie


def test_the_tests_are_binomial() -> None:
    piece = paired_median("here", "median", "points", PAIRS, 0.3)
    assert piece.estimate == pytest.approx(0.165)
    assert piece.p_value == pytest.approx(stats.binomtest(8, 10).pvalue)
    # Ten lie above -.3, and eight below .3.
    assert piece.p_equivalence == pytest.approx(stats.binomtest(8, 10, alternative="greater").pvalue)
    assert (piece.test, piece.n, piece.margin) == ("median", 10, 0.3)
    assert piece.deviation == pytest.approx(np.std(PAIRS, ddof=1))


@pytest.mark.parametrize(("level", "place"), [(0.95, 1), (0.90, 1), (0.88, 2), (0.999, 0)])
def test_the_limits_are_order_statistics(level: float, place: int) -> None:
    """Of ten pairs the second from either end leave out 2 * 11 / 1024 = .021, the third .109."""
    piece = paired_median("here", "median", "points", PAIRS, 0.3, level)
    ordered = sorted(PAIRS)
    assert (piece.low, piece.high) == (ordered[place], ordered[-1 - place])


def test_the_limits_exclude_zero_where_the_test_says_so() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        piece = paired_median("", "", "", rng.normal(0.4, 1, 25), 0.1)
        assert (piece.low > 0 or piece.high < 0) == (piece.p_value <= 0.05)


def test_a_pair_on_the_margin_is_not_within_it() -> None:
    """As 2.29 minus 2.19 is a little more than .1, and 2.39 minus 2.29 a little less."""
    on_it = np.array([2.29 - 2.19, 2.39 - 2.29] * 6)
    assert paired_median("", "", "", on_it, 0.1).p_equivalence == 1.0


def test_one_bad_pair_decides_the_mean_and_not_the_median() -> None:
    """Twenty-four pairs around zero, and one run that ended badly without dropout."""
    around_zero = np.array([0.1, -0.1, 0.05, -0.05, 0.0, 0.08, -0.08, 0.02] * 3)
    pairs = np.append(around_zero, 4.0)
    assert verdicts.paired("", "", "", around_zero, 0.2).outcome is Outcome.ABSENT
    assert verdicts.paired("", "", "", pairs, 0.2).outcome is Outcome.UNKNOWN
    assert paired_median("", "", "", pairs, 0.2).outcome is Outcome.ABSENT


@pytest.mark.usefixtures("cheap_collection")
def test_the_levels_are_kept_whatever_the_distribution() -> None:
    """Skewed differences with a median of 0, and with one on the margin."""
    rng = np.random.default_rng(1)
    draws = rng.exponential(1.0, (2_000, 25)) - np.log(2)
    null = [paired_median("", "", "", row, 0.1) for row in draws]
    assert np.mean([piece.p_value <= 0.05 for piece in null]) <= 0.05
    assert np.mean([piece.low <= 0 <= piece.high for piece in null]) >= 0.95
    edge = [paired_median("", "", "", row + 0.5, 0.5).p_equivalence <= 0.05 for row in draws]
    assert 0.005 < np.mean(edge) <= 0.05


def test_a_level_is_a_share() -> None:
    with pytest.raises(ValueError, match="level: expected a value between 0 and 1, received 1"):
        paired_median("", "", "", PAIRS, 0.1, 1.0)
