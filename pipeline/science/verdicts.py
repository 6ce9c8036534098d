"""From evidence to a verdict: the outcome under each condition, and what follows for a claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science import comparison
from pipeline.science.levels import ALPHA, LEVEL

QUORUM = 0.5  # the share of the conditions that must be decided before a claim is


class Outcome(StrEnum):
    """What is shown under one condition."""

    HOLDS = "holds"  # the claimed effect is there
    REVERSED = "reversed"  # the opposite is there
    ABSENT = "absent"  # any effect is smaller than the margin
    UNKNOWN = "unknown"  # the data do not tell


class Verdict(StrEnum):
    """What is shown of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    CONDITIONAL = "conditional"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Evidence:
    """One endpoint under one condition.

    `estimate`, with its limits from `n` replicates, has the sign that makes the claim read "above zero".
    A claim of equality (`equality`) reads "within +-`margin`". `p_value` tests the estimate against zero,
    adjusted where several are judged together; `p_equivalence` tests that it lies within the margin. `unit`
    is the unit of the estimate and the margin.
    """

    condition: str
    endpoint: str
    unit: str
    estimate: float
    low: float
    high: float
    n: int
    p_value: float
    p_equivalence: float
    margin: float
    equality: bool = False

    @property
    def outcome(self) -> Outcome:
        """Return the outcome at the level ALPHA.

        No proof of a difference is no proof of equality: where neither test rejects, the outcome is unknown.
        An effect that is both significant and within the margin is too small to be the claimed one.
        """
        if self.p_equivalence <= ALPHA:
            return Outcome.HOLDS if self.equality else Outcome.ABSENT
        if self.p_value > ALPHA:
            return Outcome.UNKNOWN
        if self.equality:
            # A significant difference refutes equality only where both limits lie beyond the margin.
            beyond = min(abs(self.low), abs(self.high)) > self.margin and self.low * self.high > 0
            return Outcome.REVERSED if beyond else Outcome.UNKNOWN
        return Outcome.HOLDS if self.estimate > 0 else Outcome.REVERSED


def paired(
    condition: str,
    endpoint: str,
    unit: str,
    differences: ArrayLike,
    margin: float,
    *,
    equality: bool = False,
) -> Evidence:
    """Return the evidence of paired differences (n,), signed as in the claim, by t tests.

    Raises ValueError for fewer than two differences, non-finite values and unless margin > 0.
    """
    difference = comparison.paired_difference(differences, np.zeros_like(np.asarray(differences, float)))
    return Evidence(
        condition,
        endpoint,
        unit,
        difference.estimate,
        difference.low,
        difference.high,
        difference.n,
        difference.p_value,
        comparison.equivalence(differences, margin),
        margin,
        equality,
    )


def paired_on_grid(
    condition: str, endpoint: str, unit: str, differences: ArrayLike, margin: float, step: float
) -> Evidence:
    """Return the evidence of paired differences (n,) of values that are rounded to a grid of this step.

    A few such differences are often all equal, which proves nothing: pairs that lie close together are
    rounded alike. The two roundings, uniform over a step, add step^2 / 6 to the variance of the mean, and
    more pairs do not reduce that. Its variance is known, so the degrees of freedom are Satterthwaite's
    (1946). No limit is closer and no p value smaller than that of `paired`, which more degrees of freedom
    alone could make it. Raises ValueError as `paired` does, and unless step > 0.
    """
    if not step > 0:
        raise ValueError(f"step: expected a value above 0, received {step}")
    by_t = paired(condition, endpoint, unit, differences, margin)
    observed, rounding = float(np.var(np.asarray(differences, np.float64), ddof=1)) / by_t.n, step**2 / 6
    error = float(np.sqrt(observed + rounding))
    degrees = (by_t.n - 1) * ((observed + rounding) / observed) ** 2 if observed else np.inf
    half = comparison.t_quantile(LEVEL, degrees) * error
    p_value = 2.0 * comparison.t_tail(abs(by_t.estimate) / error, degrees)
    p_equivalence = comparison.t_tail((margin - abs(by_t.estimate)) / error, degrees)
    return replace(
        by_t,
        low=min(by_t.low, by_t.estimate - half),
        high=max(by_t.high, by_t.estimate + half),
        p_value=max(by_t.p_value, p_value),
        p_equivalence=max(by_t.p_equivalence, p_equivalence),
    )


def adjusted(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence of a family of comparisons with the p values of both tests adjusted (Holm)."""
    if not evidence:
        return []
    p_values = comparison.holm([item.p_value for item in evidence])
    p_equivalences = comparison.holm([item.p_equivalence for item in evidence])
    return [
        replace(item, p_value=float(p_value), p_equivalence=float(p_equivalence))
        for item, p_value, p_equivalence in zip(evidence, p_values, p_equivalences, strict=True)
    ]


def verdict(evidence: Sequence[Evidence], *, existential: bool = False) -> Verdict:
    """Return the verdict on a claim.

    A condition is decided when its outcome is not unknown. The verdict is conditional when conditions are
    decided both ways. It is supported or refuted when all decided conditions agree and make up at least
    QUORUM of the conditions; otherwise, and without evidence, it is inconclusive. An existential claim
    ("can") is supported as soon as one condition holds.
    """
    outcomes = [item.outcome for item in evidence]
    holding = outcomes.count(Outcome.HOLDS)
    against = outcomes.count(Outcome.REVERSED) + outcomes.count(Outcome.ABSENT)
    if existential and holding:
        return Verdict.SUPPORTED
    if holding and against:
        return Verdict.CONDITIONAL
    if not outcomes or holding + against < QUORUM * len(outcomes):
        return Verdict.INCONCLUSIVE
    return Verdict.SUPPORTED if holding else Verdict.REFUTED
