"""Claims about at least half of the conditions: L2 as a default, and early stopping beaten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.choice.measure import by_training_set
from pipeline.questions.choice.reversals import one_sided
from pipeline.science import comparison
from pipeline.science.verdicts import Evidence

MARGIN = 0.5  # points of error: a gain below it is none worth the name under a single condition
NEAR = 1.0  # points: a default lies no farther than this from the best method
NEAR_MARGIN = 0.1  # points: what is that little short of NEAR counts as beyond it


@dataclass(frozen=True)
class Shown:
    """What one condition shows of an effect: its estimate, and one-sided p values.

    `above` tests it against "not above zero", `below` against "not below zero", and `small` against "not
    below the margin".
    """

    condition: str
    estimate: float
    above: float
    below: float
    small: float


def shown(condition: str, differences: pd.Series, margin: float) -> Shown:
    """Return what paired differences (n,) show of an effect."""
    zeros = np.zeros(len(differences))
    effect = comparison.paired_difference(differences, zeros)
    below_margin = comparison.paired_difference(margin - differences, zeros)
    above = one_sided(effect)
    return Shown(condition, effect.estimate, above, 1.0 - above, one_sided(below_margin))


def partial_conjunction(p_values: Sequence[float], count: int) -> float:
    """Return the p value of the effect's being there under at least `count` of the k conditions.

    (k - count + 1) times the count-th smallest p value (Benjamini & Heller 2008, after Bonferroni).
    """
    ordered = sorted(p_values)
    return min((len(ordered) - count + 1) * ordered[count - 1], 1.0)


def in_half(name: str, endpoint: str, conditions: Sequence[Shown], margin: float) -> list[Evidence]:
    """Return the evidence that an effect is there in at least half of the conditions; none without any.

    It is absent where it lies below the margin in so many that no half is left. The estimate is the median
    over the conditions, and the limits are the range of their estimates.
    """
    if not conditions:
        return []
    estimates = [item.estimate for item in conditions]
    median, half = float(np.median(estimates)), math.ceil(len(conditions) / 2)
    ways = [item.above if median > 0 else item.below for item in conditions]
    p_value = min(2 * partial_conjunction(ways, half), 1.0)
    absent = partial_conjunction([item.small for item in conditions], len(conditions) - half + 1)
    size = (median, min(estimates), max(estimates), len(conditions))
    return [Evidence(name, endpoint, "points", *size, p_value, absent, margin, test="half")]


def default(runs: pd.DataFrame, method: str) -> list[Evidence]:
    """Return whether a method beats the better baseline, and lies near the best method, in half."""
    gains, distances = [], []
    for condition, errors in by_training_set(runs[runs.common.astype(bool)]):
        if method in errors:
            gains.append(shown(condition, better_baseline(errors) - errors[method], MARGIN))
            best = errors[errors.mean().idxmin()]
            distances.append(shown(condition, NEAR - (errors[method] - best), NEAR_MARGIN))
    return [
        *in_half("half of the conditions", "gain over the better baseline", gains, MARGIN),
        *in_half(
            "half of the conditions",
            f"nearer than {NEAR:g} point to the best method, by",
            distances,
            NEAR_MARGIN,
        ),
    ]


def better_baseline(errors: pd.DataFrame) -> pd.Series:
    """Return the errors of the baseline, tuned or not, whose mean is lower."""
    names = [name for name in (BASELINE, TUNED_BASELINE) if name in errors]
    return errors[errors[names].mean().idxmin()]


def beaten(runs: pd.DataFrame, method: str) -> list[Evidence]:
    """Return whether something else beats a method in half of the conditions."""
    conditions = [
        _rivalled(condition, errors, method)
        for condition, errors in by_training_set(runs[runs.common.astype(bool)])
        if method in errors
    ]
    return in_half("half of the conditions", "error above that of the best rival", conditions, MARGIN)


def _rivalled(condition: str, errors: pd.DataFrame, method: str) -> Shown:
    """Return what a condition shows of a rival's being better: of one, whichever; not so, of all of them."""
    rivals = {
        rival: shown(condition, errors[method] - errors[rival], MARGIN) for rival in errors if rival != method
    }
    return Shown(
        condition,
        max(item.estimate for item in rivals.values()),
        min(min(item.above for item in rivals.values()) * len(rivals), 1.0),
        max(item.below for item in rivals.values()),
        max(item.small for item in rivals.values()),
    )
