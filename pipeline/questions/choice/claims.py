"""Claim 9: the right choice depends on data size, architecture and budget.

Endpoint: rank reversals in test error along an axis (data size, width, label noise), all else
equal: two methods of which the first is better at one place and the second at another. A pair's
difference under a condition is paired by training set, tested by t, Holm-adjusted over all pairs and
conditions. An axis shows a reversal where both differences are beyond chance; the smaller of the two, in
points, is the evidence. It is absent where one method is beyond chance better than every other under
all conditions of the axis. Otherwise it cannot be told. MARGIN plays no part but as the size to read the
estimate against. Cost: the epochs trained are shown beside, not judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.choice.measure import AXES, tied_with
from pipeline.questions.claim import Claim
from pipeline.science.levels import ALPHA
from pipeline.science.verdicts import Evidence

MARGIN = 0.1


def _evidence(tables: Tables) -> list[Evidence]:
    differences = tables["differences"]
    return [_of_axis(differences, name, axis) for name, axis in AXES.items()]


def _of_axis(differences: pd.DataFrame, name: str, axis: str) -> Evidence:
    same = [name for name in AXES.values() if name != axis]
    lines = [line for _, line in differences.groupby(same, sort=False) if line[axis].nunique() > 1]
    best: Evidence | None = None
    for line in lines:
        for pair, rows in line.groupby(["first", "second"], sort=False):
            for up, down in itertools.permutations(rows.itertuples(), 2):
                apart = getattr(up, axis) != getattr(down, axis)
                if apart and up.estimate > 0 > down.estimate:
                    smaller, sign = (up, 1) if up.estimate < -down.estimate else (down, -1)
                    low, high = sorted((sign * smaller.low, sign * smaller.high))
                    reversal = Evidence(
                        name,
                        f"{pair[0]} and {pair[1]} change places between {up.condition} and {down.condition}",
                        "points",
                        sign * smaller.estimate,
                        low,
                        high,
                        int(smaller.n),
                        max(up.p_holm, down.p_holm),
                        1.0,
                        MARGIN,
                    )
                    if best is None or _surer(reversal) < _surer(best):
                        best = reversal
    surely = max(map(_wins, lines), default=1.0)
    if best is not None and (best.p_value <= ALPHA or surely > ALPHA):
        return best
    endpoint = "no two methods change places" if surely > ALPHA else "one method is the best throughout"
    return Evidence(name, endpoint, "points", 0.0, 0.0, 0.0, 0, 1.0, surely, MARGIN)


def _surer(evidence: Evidence) -> tuple[float, float]:
    """Return what is lower of the surer reversal; where two are equally sure, of the larger."""
    return evidence.p_value, -evidence.estimate


def _wins(line: pd.DataFrame) -> float:
    """Return the largest p value of one method being better than all others everywhere; 1 if none is."""
    p_values = [1.0]
    for method in sorted(set(line["first"]) | set(line["second"])):
        pairs = line[(line["first"] == method) | (line["second"] == method)]
        better = (pairs["first"] == method) == (pairs.estimate < 0)
        p_values.append(float(pairs.p_holm.max()) if better.all() else 1.0)
    return min(p_values)


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    winners = tables["winners"]
    counts = winners.best.value_counts()
    named = ", ".join(f"{method} in {count}" for method, count in counts.items())
    ties = sum(bool(tied_with(row)) for row in winners.itertuples())
    return (
        f"Lowest error under the {len(winners)} conditions: {named}; under {ties} another method cannot be "
        "told from the best."
    )


CLAIMS = (
    Claim(
        number="9",
        text="The right choice depends on data size, architecture and budget.",
        published=(
            "Srivastava et al. (2014), Fig. 10, as quoted: no gain from dropout at 100 and 500 images, then "
            "one that grows and shrinks again."
        ),
        evidence=_evidence,
        finding=_finding,
    ),
)
