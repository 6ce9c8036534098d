"""Claim 9: the right choice depends on data size, architecture and budget.

Endpoint: rank reversals in test error along an axis of the map (data size, width, label noise), all else
equal: two methods of which the first is better at one place and the second at another. A pair's
difference in a cell is paired by training set, tested by t, Holm-adjusted over all pairs and cells of
the map. An axis shows a reversal where both differences are beyond chance; the smaller of the two, in
points, is the evidence. It is absent where one method is beyond chance better than every other in all
cells of the axis. Otherwise it cannot be told. MARGIN plays no part but as the size to read the estimate
against. Cost: the epochs trained are shown beside, not judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pandas as pd

from pipeline.claims.claim import Claim, Tables
from pipeline.probes.map import AXES
from pipeline.science.verdicts import ALPHA, Evidence

MARGIN = 0.1


def _evidence(tables: Tables) -> list[Evidence]:
    differences = tables["map/differences"]
    return [_of_axis(differences, name, axis) for name, axis in AXES.items()]


def _of_axis(differences: pd.DataFrame, name: str, axis: str) -> Evidence:
    others = [other for other in AXES.values() if other != axis]
    groups = [group for _, group in differences.groupby(others, sort=False) if group[axis].nunique() > 1]
    best: Evidence | None = None
    for group in groups:
        for pair, rows in group.groupby(["first", "second"], sort=False):
            for up, down in itertools.permutations(rows.itertuples(), 2):
                apart = getattr(up, axis) != getattr(down, axis)
                if apart and up.estimate > 0 > down.estimate:
                    smaller, sign = (up, 1) if up.estimate < -down.estimate else (down, -1)
                    low, high = sorted((sign * smaller.low, sign * smaller.high))
                    one = Evidence(
                        name,
                        f"{pair[0]} and {pair[1]} change places between {up.cell} and {down.cell}",
                        "points",
                        sign * smaller.estimate,
                        low,
                        high,
                        int(smaller.n),
                        max(up.p_holm, down.p_holm),
                        1.0,
                        MARGIN,
                    )
                    # Of those equally sure, the larger.
                    if best is None or (one.p_value, -one.estimate) < (best.p_value, -best.estimate):
                        best = one
    surely = max((_one_wins(group) for group in groups), default=1.0)
    if best is not None and (best.p_value <= ALPHA or surely > ALPHA):
        return best
    endpoint = "no two methods change places" if surely > ALPHA else "one method is the best throughout"
    return Evidence(name, endpoint, "points", 0.0, 0.0, 0.0, 0, 1.0, surely, MARGIN)


def _one_wins(group: pd.DataFrame) -> float:
    """Return the largest p value of one method being better than all others everywhere; 1 if none is."""
    methods = set(group["first"]) | set(group["second"])
    found = [1.0]
    for method in sorted(methods):
        own = group[(group["first"] == method) | (group["second"] == method)]
        better = (own["first"] == method) == (own.estimate < 0)
        found.append(float(own.p_holm.max()) if better.all() else 1.0)
    return min(found)


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    winners = tables["map/winners"]
    counts = winners.best.value_counts()
    named = ", ".join(f"{method} in {count}" for method, count in counts.items())
    ties = int(winners.tied.notna().sum())
    return (
        f"Lowest error in the {len(winners)} cells of the map: {named}; in {ties} another method cannot be "
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
