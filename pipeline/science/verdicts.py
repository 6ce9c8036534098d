"""From evidence to a verdict: what is shown under each condition, and what follows for a claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science import comparison

ALPHA = 0.05
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

    `estimate`, with its 95 % limits from `n` replicates, is signed so that the claim says: above zero. Of a
    claim of equality (`equality`) it says: within +-`margin`. `p_value` tests it against zero, adjusted
    where several are judged together; `p_equivalence` tests that it lies within the margin. `unit` is of
    the estimate and the margin.
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
        """Judge it at the level ALPHA.

        Not shown to differ is not shown to be equal: where neither test rejects, it is unknown. An effect
        that is both beyond chance and within the margin is too small to be the claimed one.
        """
        if self.p_equivalence <= ALPHA:
            return Outcome.HOLDS if self.equality else Outcome.ABSENT
        if self.p_value > ALPHA:
            return Outcome.UNKNOWN
        if self.equality:
            # Beyond chance, and not shown to lie within: refuted only where the limits lie outside.
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
    """Return the evidence of paired differences (n,), signed as the claim has them, by t tests.

    Raises ValueError for fewer than two differences, non-finite values and unless margin > 0.
    """
    found = comparison.paired_difference(differences, np.zeros_like(np.asarray(differences, float)))
    return Evidence(
        condition,
        endpoint,
        unit,
        found.estimate,
        found.low,
        found.high,
        found.n,
        found.p_value,
        comparison.equivalence(differences, margin),
        margin,
        equality,
    )


def paired_on_grid(
    condition: str, endpoint: str, unit: str, differences: ArrayLike, margin: float, step: float
) -> Evidence:
    """Return the evidence of paired differences (n,) of values that are known to a step of a grid each.

    Few of them are often all the same, which is no certainty: pairs that lie close together are rounded
    alike. The two roundings, uniform over a step, add step^2 / 6 to the variance of the mean, and more pairs
    do not take it away. The degrees of freedom are Satterthwaite's (1946), for that part is known. Nothing is
    surer than by the t tests of `paired`, which more degrees alone would make it. Raises ValueError as
    `paired` does, and unless step > 0.
    """
    if not step > 0:
        raise ValueError(f"step: expected a value above 0, received {step}")
    found = paired(condition, endpoint, unit, differences, margin)
    seen, rounded = float(np.var(np.asarray(differences, np.float64), ddof=1)) / found.n, step**2 / 6
    error = float(np.sqrt(seen + rounded))
    degrees = (found.n - 1) * ((seen + rounded) / seen) ** 2 if seen else np.inf
    arm = comparison.t_quantile(0.95, degrees) * error
    differ = 2.0 * comparison.t_tail(abs(found.estimate) / error, degrees)
    equal = comparison.t_tail((margin - abs(found.estimate)) / error, degrees)
    return replace(
        found,
        low=min(found.low, found.estimate - arm),
        high=max(found.high, found.estimate + arm),
        p_value=max(found.p_value, differ),
        p_equivalence=max(found.p_equivalence, equal),
    )


def adjusted(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence of one family of comparisons with Holm's adjusted p values, of both tests."""
    if not evidence:
        return []
    differ = comparison.holm([one.p_value for one in evidence])
    equal = comparison.holm([one.p_equivalence for one in evidence])
    return [
        replace(one, p_value=float(p), p_equivalence=float(q))
        for one, p, q in zip(evidence, differ, equal, strict=True)
    ]


def verdict(evidence: Sequence[Evidence], *, existential: bool = False) -> Verdict:
    """Return the verdict on a claim.

    A condition is decided when it holds, is reversed or is absent. Conditional: it is decided both ways.
    Supported or refuted: all that is decided agrees, and that is at least QUORUM of the conditions;
    otherwise, as without evidence, inconclusive. An existential claim ("can") is supported as soon as one
    condition holds.
    """
    outcomes = [one.outcome for one in evidence]
    holding = outcomes.count(Outcome.HOLDS)
    against = outcomes.count(Outcome.REVERSED) + outcomes.count(Outcome.ABSENT)
    if existential and holding:
        return Verdict.SUPPORTED
    if holding and against:
        return Verdict.CONDITIONAL
    if not outcomes or holding + against < QUORUM * len(outcomes):
        return Verdict.INCONCLUSIVE
    return Verdict.SUPPORTED if holding else Verdict.REFUTED
