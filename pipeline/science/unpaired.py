"""Differences of two groups of replicates that share nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import FloatArray, check_finite
from pipeline.science.comparison import Interval, check_level, t_quantile, t_tail
from pipeline.science.levels import LEVEL
from pipeline.science.resampling import two_way_error


@dataclass(frozen=True)
class UnpairedDifference(Interval):
    """A difference of the means of n and m replicates, with the p value of the test that there is none."""

    m: int
    p_value: float


def unpaired_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> UnpairedDifference:
    """Mean of a (n,) minus mean of b (m,), its t interval and two-sided test, for unequal variances.

    se^2 = s_a^2 / n + s_b^2 / m, with Satterthwaite's degrees of freedom. Where neither group has any spread
    the interval is a point and p is 0, or 1 if the means are equal. Raises ValueError for fewer than two
    replicates in a group, values that are not finite or a level outside (0, 1). Welch 1947.
    """
    groups = check_finite("a", a, ("n",)), check_finite("b", b, ("m",))
    for name, values in zip("ab", groups, strict=True):
        if values.size < 2:
            raise ValueError(f"{name}: expected at least 2 replicates, received {values.size}")
    squared_errors = np.array([values.var(ddof=1) / values.size for values in groups])
    degrees = np.array([values.size - 1 for values in groups])
    estimate = float(groups[0].mean() - groups[1].mean())
    return _difference(estimate, squared_errors, degrees, (groups[0].size, groups[1].size), level)


def crossed_difference(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> UnpairedDifference:
    """Mean of a (D, I) minus mean of b (E, J), which share neither rows nor columns: interval and test.

    All training sets of a side share their initialisations. An interval over training sets alone misses
    what an initialisation does to all of them. Here both are random, by the two-way analysis of variance of
    each side; n and m count the training sets. Raises ValueError for
    fewer than two rows or columns, values that are not finite or a level outside (0, 1). Satterthwaite
    1946, Welch 1947.
    """
    grids = check_finite("a", a, ("D", "I")), check_finite("b", b, ("E", "J"))
    for name, grid in zip("ab", grids, strict=True):
        if min(grid.shape) < 2:
            raise ValueError(f"{name}: expected at least 2 rows and 2 columns, received {grid.shape}")
    # A grid without any spread has no error; its degrees of freedom do not matter then.
    errors_and_degrees = [two_way_error(grid) if np.ptp(grid) else (0.0, 1.0) for grid in grids]
    errors, degrees = (np.array(values) for values in zip(*errors_and_degrees, strict=True))
    estimate = float(grids[0].mean() - grids[1].mean())
    return _difference(estimate, errors**2, degrees, (len(grids[0]), len(grids[1])), level)


def _difference(
    estimate: float, squared_errors: FloatArray, degrees: FloatArray, counts: tuple[int, int], level: float
) -> UnpairedDifference:
    """Welch's interval and test from the squared standard errors (2,) of two means and their degrees (2,)."""
    check_level(level)
    if not squared_errors.any():
        return UnpairedDifference(estimate, estimate, estimate, *counts, 0.0 if estimate else 1.0)
    joint_degrees = squared_errors.sum() ** 2 / (squared_errors**2 / degrees).sum()
    error = float(np.sqrt(squared_errors.sum()))
    half = t_quantile(level, joint_degrees) * error
    p_value = 2.0 * t_tail(abs(estimate) / error, joint_degrees)
    return UnpairedDifference(estimate, estimate - half, estimate + half, *counts, p_value)
