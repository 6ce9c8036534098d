"""Evidence of the median of paired differences: what a few bad pairs cannot decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science import comparison, verdicts
from pipeline.science.levels import LEVEL
from pipeline.science.verdicts import Evidence

NEARLY = 1 - 1e-9  # a difference that is the margin but for rounding is not within it


def paired_median(
    condition: str, endpoint: str, unit: str, differences: ArrayLike, margin: float, level: float = LEVEL
) -> Evidence:
    """Return the evidence of the median of paired differences (n,), signed as in the claim, by sign tests.

    Both tests are exact whatever the distribution: against zero, where pairs without a difference count
    against it, and two one-sided tests that the median lies within the margin (Dixon & Mood 1946). The limits
    are the order statistics that hold the median with a probability of at least `level`; the extremes, where
    n is too small for that. Raises ValueError as `verdicts.paired` does, and for a level outside (0, 1).
    """
    comparison.check_level(level)
    by_t = verdicts.paired(condition, endpoint, unit, differences, margin)
    values = np.sort(np.asarray(differences, np.float64))
    signs = max(int((values > 0).sum()), int((values < 0).sum()))
    above, below = (int((side * values < margin * NEARLY).sum()) for side in (-1, 1))
    # Below the lower limit lie as many values as are too few for a median there.
    outside = max((k for k in range(by_t.n // 2) if _rare(k, by_t.n, level)), default=0)
    return replace(
        by_t,
        estimate=float(np.median(values)),
        low=float(values[outside]),
        high=float(values[-1 - outside]),
        p_value=min(2.0 * comparison.at_least(signs, by_t.n), 1.0),
        p_equivalence=max(comparison.at_least(count, by_t.n) for count in (above, below)),
        test="median",
    )


def _rare(outside: int, n: int, level: float) -> bool:
    """Tell whether the median lies beyond the values that so many exceed, on either side, rarely enough."""
    return 2 * comparison.at_least(n - outside, n) <= 1 - level
