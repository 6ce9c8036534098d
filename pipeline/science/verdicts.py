"""From evidence to a verdict: the outcome under each condition, and what follows for a claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import nan

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science import comparison
from pipeline.science.levels import ALPHA, LEVEL

QUORUM = 0.75  # the share of the conditions that must be decided before a claim is
BORDERLINE = (0.01, 0.1)  # adjusted p values that another set of seeds might put on the other side of ALPHA
NEAR = 0.1  # of an interval's width: a limit that lies so near to the margin might lie beyond it


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
    A claim of equality (`equality`) reads "within +-`margin`", or "above -`margin`" where one is to be no
    worse than another. `p_value` tests the estimate against zero, and `p_equivalence` tests what the claim
    reads, or that the estimate lies within the margin. `unit` is the unit of the estimate and the
    margin. `test` is "t"; "median" and "sign" for sign tests; "reversal" for the smaller of two differences;
    "half" for a median over conditions. The limits of "sign" and "half" are a range and no interval of
    confidence. `deviation` is the standard deviation of the paired differences, in `unit`; NaN where there
    are none.
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
    test: str = "t"
    deviation: float = nan

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
        deviation=float(np.std(np.asarray(differences, np.float64), ddof=1)),
    )


def no_worse(condition: str, endpoint: str, unit: str, differences: ArrayLike, margin: float) -> Evidence:
    """Return the evidence that paired differences (n,) do not lie below -`margin`, by a one-sided t test.

    Non-inferiority: it holds also where the one is better by far. Raises ValueError as `paired` does.
    Wellek 2010.
    """
    values = np.asarray(differences, np.float64)
    above = comparison.paired_difference(values, np.full_like(values, -margin))
    p_value = above.p_value / 2 if above.estimate > 0 else 1 - above.p_value / 2
    return replace(paired(condition, endpoint, unit, values, margin, equality=True), p_equivalence=p_value)


def paired_on_grid(
    condition: str, endpoint: str, unit: str, differences: ArrayLike, margin: float, step: float
) -> Evidence:
    """Return the evidence of paired differences (n,) of values that are rounded to a grid of this step.

    The difference before rounding lies within a step of the one observed. So a pair shows its sign where it
    differs by a step or more, and that it lies within the margin where it stays within it by a step. Exact
    sign tests of the median count every other pair against (Dixon & Mood 1946); the estimate is the median.
    Raises ValueError as `paired` does, and unless step > 0.
    """
    if not step > 0:
        raise ValueError(f"step: expected a value above 0, received {step}")
    by_t = paired(condition, endpoint, unit, differences, margin)
    values = np.asarray(differences, np.float64)
    whole = step * (1 - 1e-9)  # a step, whatever rounding made of it
    signs = max(int((values >= whole).sum()), int((values <= -whole).sum()))
    within = int((np.abs(values) + whole <= margin).sum())
    return replace(
        by_t,
        estimate=float(np.median(values)),
        low=float(values.min()) - step,
        high=float(values.max()) + step,
        p_value=min(2.0 * comparison.at_least(signs, by_t.n), 1.0),
        p_equivalence=comparison.at_least(within, by_t.n),
        test="sign",
    )


def adjusted(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence of a family of comparisons, adjusted by Holm's step-down.

    The p values of both tests are adjusted. An interval of t gets the level at which the procedure tests its
    row, so that it excludes zero just where the adjusted p value is at most ALPHA.
    """
    if not evidence:
        return []
    p_values = comparison.holm([item.p_value for item in evidence])
    p_equivalences = comparison.holm([item.p_equivalence for item in evidence])
    raw = np.array([_of_interval(item) for item in evidence])
    steps = len(raw) - np.argsort(np.argsort(raw, kind="stable"), kind="stable")
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(raw > 0, np.maximum(p_values / raw, np.where(p_values < 1, 1, steps)), steps)
    return [
        _at_level(
            replace(item, p_value=float(p_value), p_equivalence=float(p_equivalence)),
            1 - ALPHA / float(count),
        )
        for item, p_value, p_equivalence, count in zip(evidence, p_values, p_equivalences, times, strict=True)
    ]


def _of_interval(item: Evidence) -> float:
    """Return the p value that goes with the limits: a reversal's own counts the pairs of methods, too."""
    half = (item.high - item.low) / 2
    if item.test != "reversal" or not half:
        return item.p_value
    statistic = abs(item.estimate) / half * comparison.t_quantile(LEVEL, item.n - 1)
    return 2 * comparison.t_tail(statistic, item.n - 1)


def _at_level(item: Evidence, level: float) -> Evidence:
    if item.test not in ("t", "reversal") or item.n < 2:
        return item
    quantile, known = (comparison.t_quantile(at, item.n - 1) for at in (level, LEVEL))
    half = (item.high - item.low) / 2 * quantile / known
    return replace(item, low=item.estimate - half, high=item.estimate + half)


def verdict(evidence: Sequence[Evidence], *, existential: bool = False) -> Verdict:
    """Return the verdict on a claim.

    A condition is decided when its outcome is not unknown. The verdict is conditional when conditions are
    decided both ways. It is supported or refuted when all decided conditions agree, make up at least QUORUM
    of the conditions, and no interval of another reaches beyond the margin on the other side. Otherwise, and
    without evidence, it is inconclusive. An existential claim ("can") is supported as soon as one condition
    holds.
    """
    outcomes = [item.outcome for item in evidence]
    undecided = [item for item in evidence if item.outcome is Outcome.UNKNOWN]
    holding = outcomes.count(Outcome.HOLDS)
    against = len(outcomes) - len(undecided) - holding
    if existential and holding:
        return Verdict.SUPPORTED
    if holding and against:
        return Verdict.CONDITIONAL
    if not outcomes or holding + against < QUORUM * len(outcomes):
        return Verdict.INCONCLUSIVE
    if any(_may_hold(item) if against else _may_fail(item) for item in undecided):
        return Verdict.INCONCLUSIVE
    return Verdict.SUPPORTED if holding else Verdict.REFUTED


def _may_hold(item: Evidence) -> bool:
    return abs(item.estimate) <= item.margin if item.equality else item.high > item.margin


def _may_fail(item: Evidence) -> bool:
    return abs(item.estimate) > item.margin if item.equality else item.low < -item.margin


def borderline(evidence: Sequence[Evidence], *, existential: bool = False) -> Evidence | None:
    """Return the piece of evidence that could change the verdict alone, being borderline; None if none could.

    Borderline is an adjusted p value within BORDERLINE, or a limit that lies nearer to the margin than NEAR
    of its interval's width.
    """
    found = verdict(evidence, existential=existential)
    for place, item in enumerate(evidence):
        for other in _otherwise(item):
            changed = [*evidence[:place], other, *evidence[place + 1 :]]
            if verdict(changed, existential=existential) is not found:
                return item
    return None


def _otherwise(item: Evidence) -> Iterator[Evidence]:
    """Yield a borderline piece as it might be with other seeds."""
    least, most = BORDERLINE
    if least <= item.p_value <= most:
        yield replace(item, p_value=float(item.p_value <= ALPHA))
    if least <= item.p_equivalence <= most:
        yield replace(item, p_equivalence=float(item.p_equivalence <= ALPHA))
    near = NEAR * (item.high - item.low)
    yield replace(item, low=item.low - near, high=item.high + near)
    yield replace(item, low=item.low + near, high=item.high - near)
