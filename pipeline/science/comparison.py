"""Comparisons of variants over replicates: intervals, paired tests, equivalence, resampling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special  # scipy.stats has the same functions, and takes a second to import

from pipeline.science.arrays import FloatArray, IntArray, check_finite

EXACT_SIGN_FLIPS = 16
"""Up to this many differences all 2**n sign patterns are enumerated."""


@dataclass(frozen=True)
class Interval:
    """A point estimate with its confidence limits, from n replicates."""

    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class PairedDifference(Interval):
    """A difference over paired replicates, with the p value of the test that there is none."""

    p_value: float


def replicates(values: ArrayLike) -> FloatArray:
    """The independent replicates of a crossed design: values (D, I) -> means per split (D,).

    Two inits on one split are not independent, so they are averaged first. With one split the
    inits are the replicates (I,), and what follows holds for that one training set.
    """
    grid = check_finite("values", values, ("D", "I"))
    return grid[0] if len(grid) == 1 else np.asarray(grid.mean(axis=1))


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Student's t interval for the mean of replicates (n,).

    Raises ValueError for fewer than two replicates, non-finite values or a level outside (0, 1).
    """
    mean, error, n = _mean_and_error("values", values)
    half = t_quantile(level, n - 1) * error
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> PairedDifference:
    """Mean of a - b over paired replicates (n,), its t interval and two-sided paired t test.

    Equal arrays have p = 1. Raises ValueError for unequal lengths, fewer than two replicates or
    non-finite values.
    """
    first, second = check_finite("a", a, ("n",)), check_finite("b", b, ("n",))
    if first.shape != second.shape:
        raise ValueError(f"b: expected shape {first.shape} like a, received {second.shape}")
    differences = first - second
    mean, error, n = _mean_and_error("a - b", differences)
    interval = mean_interval(differences, level)
    p_value = 2.0 * t_tail(abs(_t_statistic(mean, error)), n - 1)
    return PairedDifference(interval.estimate, interval.low, interval.high, n, p_value)


def sign_flip_p(differences: ArrayLike, rng: np.random.Generator | None = None, draws: int = 10_000) -> float:
    """Two-sided p value of the sign-flip permutation test of differences (n,) around zero.

    Exact, over all 2**n sign patterns, for n <= 16; it cannot go below 2/2**n. Above that, from
    `draws` random patterns of `rng`, (b + 1)/(draws + 1) with b patterns at least as extreme,
    which keeps the test valid (Phipson & Smyth 2010). Raises ValueError when rng is needed and
    missing, and for non-finite values. Fisher 1935.
    """
    values = check_finite("differences", differences, ("n",))
    n = values.size
    # Ties with the observed sum are exact in theory and rounded in practice.
    extreme = abs(values.sum()) - 1e-12 * np.abs(values).sum()
    if n <= EXACT_SIGN_FLIPS:
        signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
        return float((np.abs(signs @ values) >= extreme).mean())
    if rng is None:
        raise ValueError(f"rng: expected a Generator for n > {EXACT_SIGN_FLIPS}, received None")
    signs = rng.choice(np.array([-1, 1]), size=(draws, n))
    beyond = np.count_nonzero(np.abs(signs @ values) >= extreme)
    return float((beyond + 1) / (draws + 1))


def holm(p_values: ArrayLike) -> FloatArray:
    """p values (k,) adjusted for k comparisons, in the order given, by Holm's step-down (1979).

    Rejecting where the adjusted value is at most alpha bounds the family-wise error by alpha.
    Raises ValueError for values outside [0, 1].
    """
    values = check_finite("p_values", p_values, ("k",))
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"p_values: expected values in [0, 1], received {values.tolist()}")
    order = np.argsort(values)
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def equivalence(differences: ArrayLike, margin: float) -> float:
    """p value of the two one-sided t tests: small means that the true mean lies within +-margin.

    differences (n,) and margin in the same unit. Raises ValueError unless margin > 0, for fewer
    than two differences and for non-finite values. Schuirmann 1987.
    """
    if not margin > 0:
        raise ValueError(f"margin: expected a value above 0, received {margin}")
    mean, error, n = _mean_and_error("differences", differences)
    # The larger of the two p values belongs to the nearer margin.
    return t_tail(_t_statistic(margin - abs(mean), error), n - 1)


def replicates_needed(deviation: float, difference: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many pairs a two-sided paired t test needs to see a difference.

    `deviation` is the standard deviation of the paired differences, in the unit of `difference`. Raises
    ValueError unless both are above 0. Cohen 1988.
    """
    if not (deviation > 0 and difference > 0):
        raise ValueError(f"deviation, difference: expected above 0, received {deviation}, {difference}")
    from statsmodels.stats.power import TTestPower

    effect, test = difference / deviation, TTestPower()
    for few in (2, 3, 4):  # so few that solving for them fails; two are the fewest that can be tested
        if not test.power(effect, few, alpha) < power:  # NaN where it is certain
            return few
    return int(np.ceil(test.solve_power(effect_size=effect, alpha=alpha, power=power)))


def leave_one_out(statistic_of_indices: Callable[[IntArray], float], n: int) -> FloatArray:
    """Any statistic of n replicates, (1 + n,): of all of them, then with each one left out.

    The statistic gets the indices (n,) for the first, then (n - 1,). Raises ValueError for n < 2 and for a
    statistic that is not finite.
    """
    if n < 2:
        raise ValueError(f"n: expected at least 2 replicates, received {n}")
    everyone = np.arange(n, dtype=np.int64)
    left_out = [statistic_of_indices(np.delete(everyone, i)) for i in range(n)]
    return check_finite("statistic_of_indices", [statistic_of_indices(everyone), *left_out])


def jackknife(values: ArrayLike, level: float = 0.95) -> PairedDifference:
    """Delete-one jackknife interval, t with n - 1 degrees, and the p value of the test against zero.

    values (1 + n,) as of `leave_one_out`; the difference of two such arrays is that of a difference, paired
    replicate by replicate. se^2 = (n-1)/n sum_i (s_i - mean s)^2. Raises ValueError for n < 2 and values
    that are not finite. Tukey 1958.
    """
    found = check_finite("values", values, ("1 + n",))
    n = found.size - 1
    if n < 2:
        raise ValueError(f"values: expected at least 2 replicates, received {n}")
    estimate, error = float(found[0]), float(np.sqrt((n - 1) * found[1:].var()))
    half = t_quantile(level, n - 1) * error
    p_value = 2.0 * t_tail(abs(_t_statistic(estimate, error)), n - 1)
    return PairedDifference(estimate, estimate - half, estimate + half, n, p_value)


def two_way_bootstrap(
    values: ArrayLike, rng: np.random.Generator, draws: int = 5_000, level: float = 0.95
) -> Interval:
    """Bootstrap interval of a mean over replicates x test images, both resampled.

    values (D, M), already averaged over inits. Percentiles of the means w^T A v under independent
    multinomial weights w and v (Owen 2007). Taken at their nominal levels they fail: with few
    replicates they are too narrow, and the interaction counts about three times. The levels are
    therefore moved (Hesterberg 2015) until the width agrees with the two-way analysis of variance
    and its degrees of freedom. Raises ValueError unless D >= 2 and M >= 2, all values are finite
    and there are at least 100 draws.
    """
    grid = check_finite("values", values, ("D", "M"))
    check_level(level)
    if draws < 100:
        raise ValueError(f"draws: expected at least 100, received {draws}")
    if min(grid.shape) < 2:
        raise ValueError(f"values: expected D >= 2 and M >= 2, received {grid.shape}")
    estimate = float(grid.mean())
    if np.ptp(grid) == 0.0:
        return Interval(estimate, estimate, estimate, len(grid))
    resampled = _resampled_means(grid, rng, draws)
    error, degrees = two_way_error(grid)
    z = t_quantile(level, degrees) * error / resampled.std()
    tail = float(special.ndtr(-z))
    low, high = np.quantile(resampled, [tail, 1.0 - tail])
    return Interval(estimate, float(low), float(high), len(grid))


def _resampled_means(grid: FloatArray, rng: np.random.Generator, draws: int) -> FloatArray:
    """Means (draws,) of the grid under resampled rows and columns, a block of draws at a time."""
    d, m = grid.shape
    block = max(1, 2_000_000 // (d + m))
    means = []
    for start in range(0, draws, block):
        size = min(block, draws - start)
        rows, columns = _multinomial_weights(d, size, rng), _multinomial_weights(m, size, rng)
        means.append(np.einsum("bm,bm->b", rows @ grid, columns))
    return np.concatenate(means)


def _multinomial_weights(n: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each of n is drawn in n draws with replacement, over n: (draws, n)."""
    # Counting drawn indices is several times faster than Generator.multinomial for large n.
    drawn = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n) / n


def two_way_error(grid: FloatArray) -> tuple[float, float]:
    """Standard error of the mean of a grid with random rows and columns, and its degrees.

    Satterthwaite's (1946) approximation for MS_rows + MS_columns - MS_cells, each over D M.
    """
    d, m = grid.shape
    by_row, by_column = grid.mean(axis=1), grid.mean(axis=0)
    residual = grid - by_row[:, None] - by_column + grid.mean()
    rows, columns = by_row.var(ddof=1) / d, by_column.var(ddof=1) / m
    cells = (residual**2).sum() / ((d - 1) * (m - 1)) / (d * m)
    # Rows and columns both contain the interaction, so the true value is at least each of these.
    variance = max(rows + columns - cells, rows, columns, cells)
    scatter = rows**2 / (d - 1) + columns**2 / (m - 1) + cells**2 / ((d - 1) * (m - 1))
    return float(np.sqrt(variance)), float(variance**2 / scatter)


def _mean_and_error(name: str, values: ArrayLike) -> tuple[float, float, int]:
    array = check_finite(name, values, ("n",))
    if array.size < 2:
        raise ValueError(f"{name}: expected at least 2 replicates, received {array.size}")
    error = array.std(ddof=1) / np.sqrt(array.size)
    return float(array.mean()), float(error), array.size


def _t_statistic(value: float, error: float) -> float:
    """Value over its standard error; without any spread infinite, or 0 where the value is 0."""
    if error > 0:
        return value / error
    return float(np.copysign(np.inf, value)) if value else 0.0


def t_quantile(level: float, degrees: float) -> float:
    """The half width of a t interval of this level, in standard errors. Raises ValueError outside (0, 1)."""
    check_level(level)
    return float(special.stdtrit(degrees, 0.5 + level / 2))


def t_tail(statistic: float, degrees: float) -> float:
    """The probability that Student's t with these degrees of freedom exceeds a statistic."""
    return float(special.stdtr(degrees, -statistic))


def check_level(level: float) -> None:
    """Refuse a level of confidence outside (0, 1) with a ValueError."""
    if not 0 < level < 1:
        raise ValueError(f"level: expected a value between 0 and 1, received {level}")
