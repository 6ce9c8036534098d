"""The power of a rule at its margin: how surely a plan decides what it is made to decide.

The test against zero is to find a difference as large as the margin. The equivalence test is to find that a
true difference of zero is none.
"""

import math

import numpy as np
from scipy import special

from pipeline.science import comparison
from pipeline.science.arrays import FloatArray
from pipeline.science.levels import ALPHA

NODES = 200  # of the integrals over the spread: more change no digit that matters
NEVER = 1e-14  # the spread exceeds the end of the integral with this probability


def power(deviation: float, n: int, margin: float, level: float = ALPHA, equality: bool = False) -> float:
    """Return the probability that a paired rule decides, range [0, 1].

    deviation: standard deviation of the n paired differences, in the unit of the margin; level: that of the
    test, such as .05. Without `equality`: the two-sided t test, where the true difference is the margin
    (noncentral t, Cohen 1988). With it: two one-sided t tests, where the true difference is zero (Schuirmann
    1987). Raises ValueError for a deviation below 0, n below 2, a margin of 0 or below, and a level outside
    (0, 1).
    """
    _check(n, level)
    if not (deviation >= 0 and margin > 0):
        raise ValueError(f"deviation, margin: expected 0 or more and above 0, received {deviation}, {margin}")
    if deviation == 0:
        return 1.0
    effect = margin * math.sqrt(n) / deviation
    return _equivalence(effect, n - 1, level) if equality else _difference(effect, n - 1, level)


def sign_power(probability: float, n: int, level: float = ALPHA) -> float:
    """Return the probability that the exact two-sided sign test of n pairs finds the sign, range [0, 1].

    probability: that a pair shows the sign. It is 0 where n pairs that agree are not enough for the level.
    Raises ValueError for a probability outside [0, 1], n below 2 and a level outside (0, 1). Dixon & Mood
    1946.
    """
    _check(n, level)
    if not 0 <= probability <= 1:
        raise ValueError(f"probability: expected a value in [0, 1], received {probability}")
    enough = [k for k in range(n + 1) if 2 * comparison.at_least(k, n) <= level]
    return float(special.bdtrc(enough[0] - 1, n, probability)) if enough else 0.0


def _check(n: int, level: float) -> None:
    comparison.check_level(level)
    if n < 2:
        raise ValueError(f"n: expected at least 2 pairs, received {n}")


def _difference(effect: float, degrees: int, level: float) -> float:
    """Return the power of the t test; `effect` is the true mean in standard errors.

    It rejects where |mean| > t * s / sqrt(n). scipy's noncentral t is not a number for large effects.
    """
    critical = comparison.t_quantile(1 - level, degrees)
    ratio, weights = _spreads(degrees)
    beyond = special.ndtr(effect - critical * ratio) + special.ndtr(-effect - critical * ratio)
    return float((weights * beyond).sum())


def _equivalence(effect: float, degrees: int, level: float) -> float:
    """Return the power of the two one-sided tests; `effect` is the margin in standard errors.

    They reject where |mean| <= margin - t * s / sqrt(n), which some mean can fulfil up to a certain s.
    """
    critical = float(special.stdtrit(degrees, 1 - level))
    ratio, weights = _spreads(degrees, effect / critical)
    within = 1.0 - 2.0 * special.ndtr(critical * ratio - effect)
    return float((weights * within).sum())


def _spreads(degrees: int, end: float = math.inf) -> tuple[FloatArray, FloatArray]:
    """Return values of s / sigma up to an end, and the weights to integrate over its distribution with.

    Its square is a chi-square over its degrees of freedom, independent of the mean. By Gauss and Legendre.
    """
    end = min(end, math.sqrt(float(special.chdtri(degrees, NEVER)) / degrees))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    ratio = end * (nodes + 1) / 2
    half = degrees / 2
    log_density = (
        math.log(2)
        + half * math.log(half)
        - special.gammaln(half)
        + (degrees - 1) * np.log(ratio)
        - half * ratio**2
    )
    return ratio, end / 2 * weights * np.exp(log_density)
