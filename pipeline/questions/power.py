"""How surely the rules of the claims decide an effect of their margin, given the spread of other studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pipeline.params import Params, Setting
from pipeline.science.levels import ALPHA
from pipeline.science.power import power, sign_power
from pipeline.system.words import counted

FILE = Path("reports") / "power.csv"
ENOUGH = 0.8  # the power that a rule should have at its margin
ROW = ["claim", "condition", "endpoint"]
COLUMNS = ("question", *ROW, "test", "equality", "n", "sets", "studies", "deviation", "margin", "power")


def power_table(evidence: pd.DataFrame, others: Sequence[pd.DataFrame], params: Params) -> pd.DataFrame:
    """Return a row a rule: n, its spread in other studies, its margin, and its power at the margin.

    `evidence` has the rows that are planned, with their question; `others` those of the `studies` with other
    seeds, whose standard deviations are pooled (root mean square). The power is NaN where these have no such
    row, or one that is not of paired differences. `sets` counts the replicates of the row's setting: 0 where
    it has none.
    """
    spreads = pd.concat([other[[*ROW, "deviation"]] for other in others])
    pooled = (
        spreads.dropna()
        .groupby(ROW)
        .deviation.agg(deviation=lambda values: float(np.sqrt((values**2).mean())), studies="size")
    )
    rows = evidence.drop(columns="deviation").merge(pooled.reset_index(), on=ROW, how="left")
    rows["studies"] = rows.studies.fillna(0).astype(int)
    return with_power(rows.assign(sets=[_sets(condition, params) for condition in rows.condition]))


def with_power(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the power of each at its margin.

    Every row is tested at Bonferroni's level, ALPHA over the rows of its claim, which Holm's procedure never
    falls below. A sign test needs the probability that a pair shows the sign: it is taken from a normal
    distribution around the margin.
    """
    counts = rows.groupby("claim").claim.transform("size")
    powers = [_power(row, ALPHA / count) for row, count in zip(rows.itertuples(), counts, strict=True)]
    return rows.assign(power=powers)[list(COLUMNS)].reset_index(drop=True)


def planned(table: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the rows of the questions and settings of these parameters, with the replicates that they plan.

    A row that looked at every replicate of its setting gets those that the setting has now.
    """
    asked = {name for name, _ in params.sections()}
    rows = table.assign(now=[_sets(condition, params) for condition in table.condition])
    rows = rows[rows.question.isin(asked) & ((rows.sets == 0) | (rows.now > 0))]
    whole = (rows.sets > 0) & (rows.n == rows.sets)
    return with_power(rows.assign(n=rows.n.where(~whole, rows.now), sets=rows.now))


def warning(table: pd.DataFrame) -> str:
    """Say which claims have rules with less power than ENOUGH; nothing where none has."""
    known = table.dropna(subset="power")
    weak = known[known.power < ENOUGH].groupby("claim", sort=False).size()
    if weak.empty:
        return ""
    counts = known.groupby("claim").size()
    each = ", ".join(f"{claim} ({count} of {counts[claim]})" for claim, count in weak.items())
    return (
        f"power: an effect of their margin is decided with a probability below {ENOUGH:g} by rules of "
        f"{counted(len(weak), 'claim')}: {each}; {FILE} has the table"
    )


def _sets(condition: str, params: Params) -> int:
    setting, _ = params.draws().get(condition.rpartition(" in ")[2], (None, 0))
    return replicates(setting) if setting else 0


def replicates(setting: Setting) -> int:
    """Return the independent replicates of a setting: its training sets, or the initialisations of one."""
    return setting.splits if setting.splits > 1 else setting.inits


def _power(row: Any, level: float) -> float:
    if not math.isfinite(row.deviation) or row.n < 2:
        return math.nan
    if row.test in ("sign", "median"):
        alike = 1.0 if row.deviation == 0 else float(special.ndtr(row.margin / row.deviation))
        return sign_power(alike, row.n, level)
    return power(row.deviation, row.n, row.margin, level, equality=bool(row.equality))
