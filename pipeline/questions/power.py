"""How surely the rules of the claims decide an effect of their margin, given the spread that a study had."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from scipy import special

from pipeline.science.levels import ALPHA
from pipeline.science.power import power, sign_power

COLUMNS = ("claim", "condition", "endpoint", "n", "deviation", "margin", "power")


def power_table(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return a row a piece of evidence: n, deviation, margin, and the power of its rule at the margin.

    `evidence` has the rows of one `evidence.csv` or of several. Every row is tested at Bonferroni's level,
    ALPHA over the rows of its claim, which Holm's procedure never falls below. A sign test needs the
    probability that a pair shows the sign: it is taken from a normal distribution around the margin. The
    power is NaN where the deviation is unknown, as where the evidence is not of paired differences.
    """
    rows = evidence.groupby("claim").claim.transform("size")
    powers = [_power(row, ALPHA / count) for row, count in zip(evidence.itertuples(), rows, strict=True)]
    return evidence.assign(power=powers)[list(COLUMNS)].reset_index(drop=True)


def _power(row: Any, level: float) -> float:
    if not math.isfinite(row.deviation):
        return math.nan
    if row.test == "sign":
        alike = 1.0 if row.deviation == 0 else float(special.ndtr(row.margin / row.deviation))
        return sign_power(alike, row.n, level)
    return power(row.deviation, row.n, row.margin, level, equality=bool(row.equality))
