"""Welch's interval and test against scipy's own, by hand, and by simulation."""

import numpy as np
import pytest
from scipy import stats

from pipeline.science.unpaired import crossed_difference, unpaired_difference


@pytest.mark.parametrize(("n", "m"), [(10, 10), (3, 12), (2, 2)])
def test_it_is_the_test_of_scipy(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(1.0, 3.0, size=n), rng.normal(0.0, 0.5, size=m)
    difference, expected = unpaired_difference(a, b, level=0.9), stats.ttest_ind(a, b, equal_var=False)
    limits = expected.confidence_interval(0.9)
    assert difference.estimate == pytest.approx(a.mean() - b.mean())
    assert (difference.low, difference.high) == pytest.approx((limits.low, limits.high))
    assert difference.p_value == pytest.approx(expected.pvalue)
    assert (difference.n, difference.m) == (n, m)


def test_by_hand() -> None:
    """Means 2 and 5; both have s^2 = 1, so se^2 = 2/3 with 4 degrees, and Student's quantile is 2.776."""
    difference = unpaired_difference([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert difference.estimate == -3.0
    assert difference.high - difference.estimate == pytest.approx(2.776445105 * np.sqrt(2 / 3))


def test_without_spread() -> None:
    """Equal groups show nothing; others are certain; one group's spread is enough for an interval."""
    assert unpaired_difference([1.0, 1.0], [1.0, 1.0, 1.0]).p_value == 1.0
    certain = unpaired_difference([3.0, 3.0], [1.0, 1.0])
    assert (certain.low, certain.high, certain.p_value) == (2.0, 2.0, 0.0)
    assert unpaired_difference([1.0, 1.0], [1.0, 2.0]).p_value > 0.05


def test_it_covers_and_keeps_its_level() -> None:
    """Ten against five replicates, of very different spreads."""
    rng = np.random.default_rng(0)
    differences = [unpaired_difference(rng.normal(0, 1, 10), rng.normal(0, 4, 5)) for _ in range(2_000)]
    assert 0.93 < np.mean([difference.low <= 0.0 <= difference.high for difference in differences]) < 0.97
    assert 0.03 < np.mean([difference.p_value <= 0.05 for difference in differences]) < 0.07


@pytest.mark.parametrize(
    ("a", "b", "level", "said"),
    [
        ([1.0], [1.0, 2.0], 0.95, "a: expected at least 2 replicates, received 1"),
        ([1.0, 2.0], [1.0], 0.95, "b: expected at least 2 replicates, received 1"),
        ([1.0, 2.0], [1.0, 2.0], 1.0, "level: expected a value between 0 and 1, received 1.0"),
        ([1.0, np.nan], [1.0, 2.0], 0.95, "a: "),
    ],
)
def test_what_it_refuses(a: list[float], b: list[float], level: float, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        unpaired_difference(a, b, level)


@pytest.mark.parametrize(
    ("row", "column"), [(1.0, 0.1), (0.5, 0.5), (0.1, 1.0)], ids=["sets dominate", "mixed", "inits dominate"]
)
def test_crossed_it_covers_where_an_interval_over_the_training_sets_does_not(
    row: float, column: float
) -> None:
    """Ten training sets x three initialisations on either side, none of them shared."""
    rng = np.random.default_rng(0)

    def grid() -> np.ndarray:
        shape = (10, 3)
        effects = row * rng.normal(size=(10, 1)) + column * rng.normal(size=(1, 3))
        return np.asarray(effects + 0.3 * rng.normal(size=shape))

    pairs = [(grid(), grid()) for _ in range(1_000)]
    crossed = np.mean([crossed_difference(a, b).p_value <= 0.05 for a, b in pairs])
    sets = np.mean([unpaired_difference(a.mean(axis=1), b.mean(axis=1)).p_value <= 0.05 for a, b in pairs])
    assert crossed < 0.07
    assert sets > 0.2 or column < 0.5


def test_crossed_without_spread_and_on_one_side_alone() -> None:
    flat, grid = np.ones((3, 2)), np.array([[1.0, 2.0], [1.5, 2.0], [1.2, 2.2]])
    assert crossed_difference(flat, flat).p_value == 1.0
    certain = crossed_difference(flat + 1, flat)
    assert (certain.estimate, certain.low, certain.high, certain.p_value) == (1.0, 1.0, 1.0, 0.0)
    one_sided = crossed_difference(grid, flat)
    assert one_sided.low < one_sided.estimate < one_sided.high
    assert (one_sided.n, one_sided.m) == (3, 3)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_crossed_takes_two_of_each(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"^b: expected at least 2 rows and 2 columns, received"):
        crossed_difference(np.ones((2, 2)), np.ones(shape))
