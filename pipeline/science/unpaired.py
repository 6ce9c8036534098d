"""Differences of two groups of replicates that share nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from pipeline.science.arrays import check_finite
from pipeline.science.comparison import Interval


@dataclass(frozen=True)
class UnpairedDifference(Interval):
    """A difference of the means of n and m replicates, with the p value of the test that there is none."""

    m: int
    p_value: float


def unpaired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> UnpairedDifference:
    """Mean of a (n,) minus mean of b (m,), its t interval and two-sided test, for unequal variances.

    se^2 = s_a^2 / n + s_b^2 / m, with Satterthwaite's degrees of freedom. Where neither group has any spread
    the interval is a point and p is 0, or 1 if the means are equal. Raises ValueError for fewer than two
    replicates in a group, values that are not finite or a level outside (0, 1). Welch 1947.
    """
    groups = check_finite("a", a, ("n",)), check_finite("b", b, ("m",))
    for name, values in zip("ab", groups, strict=True):
        if values.size < 2:
            raise ValueError(f"{name}: expected at least 2 replicates, received {values.size}")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a value between 0 and 1, received {level}")
    n, m = (values.size for values in groups)
    estimate = float(groups[0].mean() - groups[1].mean())
    parts = np.array([values.var(ddof=1) / values.size for values in groups])
    if not parts.any():
        return UnpairedDifference(estimate, estimate, estimate, n, m, 0.0 if estimate else 1.0)
    degrees = parts.sum() ** 2 / (parts**2 / [n - 1, m - 1]).sum()
    error = float(np.sqrt(parts.sum()))
    half = float(stats.t.ppf(0.5 + level / 2, degrees)) * error
    p_value = 2.0 * float(stats.t.sf(abs(estimate) / error, degrees))
    return UnpairedDifference(estimate, estimate - half, estimate + half, n, m, p_value)
