"""Comparisons of variants over replicates: intervals, paired tests, equivalence, jackknife."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipeline.science.arrays import FloatArray, IntArray, check_finite
from pipeline.science.levels import ALPHA, LEVEL

# No scipy.stats here, which has the same t tests: it takes a second to import, in every training stage.

EXACT_SIGN_FLIPS = 16
"""All 2**n sign patterns are enumerated for up to this many differences."""


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
    inits are the replicates (I,), and all conclusions hold for that training set only.
    """
    grid = check_finite("values", values, ("D", "I"))
    return grid[0] if len(grid) == 1 else np.asarray(grid.mean(axis=1))


def mean_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Student's t interval for the mean of replicates (n,).

    Raises ValueError for fewer than two replicates, non-finite values or a level outside (0, 1).
    """
    mean, error, n = _mean_and_error("values", values)
    half = t_quantile(level, n - 1) * error
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> PairedDifference:
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
    # Ties with the observed sum are exact in theory and rounded in practice. scipy.stats.permutation_test
    # misses them where the observed sum is 0 up to rounding: its tolerance is a share of that sum.
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
    """p value of the two one-sided t tests; a small one means that the true mean lies within +-margin.

    differences (n,) and margin in the same unit. Raises ValueError unless margin > 0, for fewer
    than two differences and for non-finite values. Schuirmann 1987.
    """
    if not margin > 0:
        raise ValueError(f"margin: expected a value above 0, received {margin}")
    mean, error, n = _mean_and_error("differences", differences)
    # The larger of the two p values belongs to the nearer margin.
    return t_tail(_t_statistic(margin - abs(mean), error), n - 1)


def replicates_needed(deviation: float, difference: float, alpha: float = ALPHA, power: float = 0.8) -> int:
    """Number of pairs that a two-sided paired t test needs to detect a difference with this power.

    `deviation` is the standard deviation of the paired differences, in the unit of `difference`. Raises
    ValueError unless both are above 0. Cohen 1988.
    """
    if not (deviation > 0 and difference > 0):
        raise ValueError(f"deviation, difference: expected above 0, received {deviation}, {difference}")
    from statsmodels.stats.power import TTestPower

    effect, test = difference / deviation, TTestPower()
    for pairs in (2, 3, 4):  # solve_power fails for so few; a test needs at least two
        if not test.power(effect, pairs, alpha) < power:  # the power is NaN where it is certain
            return pairs
    return int(np.ceil(test.solve_power(effect_size=effect, alpha=alpha, power=power)))


def leave_one_out(statistic_of_indices: Callable[[IntArray], float], n: int) -> FloatArray:
    """A statistic of n replicates, (1 + n,): first of all of them, then without each in turn.

    The statistic gets the indices (n,) for the first, then (n - 1,). Raises ValueError for n < 2 and for a
    statistic that is not finite.
    """
    if n < 2:
        raise ValueError(f"n: expected at least 2 replicates, received {n}")
    indices = np.arange(n, dtype=np.int64)
    left_out = [statistic_of_indices(np.delete(indices, i)) for i in range(n)]
    return check_finite("statistic_of_indices", [statistic_of_indices(indices), *left_out])


def pseudo_values(values: ArrayLike) -> FloatArray:
    """The jackknife's pseudo-value of every replicate, (n,), from values (1 + n,) of `leave_one_out`.

    n s - (n-1) s_i: they can be averaged, compared and tested like measurements of the replicates. Raises
    ValueError for n < 2 and values that are not finite. Tukey 1958.
    """
    statistics = check_finite("values", values, ("1 + n",))
    n = statistics.size - 1
    if n < 2:
        raise ValueError(f"values: expected at least 2 replicates, received {n}")
    return np.asarray(n * statistics[0] - (n - 1) * statistics[1:])


def jackknife(values: ArrayLike, level: float = LEVEL) -> PairedDifference:
    """Delete-one jackknife interval, t with n - 1 degrees, and the p value of the test against zero.

    values (1 + n,) as `leave_one_out` returns them. For a paired difference of two statistics, pass the
    difference of their arrays. se^2 = (n-1)/n sum_i (s_i - mean s)^2. Raises ValueError for n < 2 and values
    that are not finite. Tukey 1958.
    """
    statistics = check_finite("values", values, ("1 + n",))
    n = statistics.size - 1
    if n < 2:
        raise ValueError(f"values: expected at least 2 replicates, received {n}")
    estimate, error = float(statistics[0]), float(np.sqrt((n - 1) * statistics[1:].var()))
    half = t_quantile(level, n - 1) * error
    p_value = 2.0 * t_tail(abs(_t_statistic(estimate, error)), n - 1)
    return PairedDifference(estimate, estimate - half, estimate + half, n, p_value)


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


def at_least(successes: int, trials: int) -> float:
    """The probability of so many successes or more in so many fair trials: p of the exact sign test."""
    return float(special.bdtrc(successes - 1, trials, 0.5)) if successes > 0 else 1.0


def check_level(level: float) -> None:
    """Refuse a level of confidence outside (0, 1) with a ValueError."""
    if not 0 < level < 1:
        raise ValueError(f"level: expected a value between 0 and 1, received {level}")
