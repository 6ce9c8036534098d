"""What the study says of the choice, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.choice import gains
from pipeline.questions.choice.measure import tied_with
from pipeline.questions.choice.regret import CRITERIA, EVERYWHERE
from pipeline.questions.choice.reversals import sizes_of
from pipeline.questions.study import Study
from pipeline.system.words import counted, interval, listed

AXES = ("9a", "9b", "9x")  # the claims whose rows are axes


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, the tables, and the section for the caption of the figure."""
    return {
        "sentence": _axes(evidence),
        "regret": fixed_choice(tables["regret"]),
        "by_conditions": by_conditions(tables["winners"]),
        "regrets": regrets(tables["regret"]),
        "budgets": budgets(tables["budgets"]),
        "sized": bool(sizes_of(tables["runs"])),
        "grid": bool(gains.by_size(tables["runs"])),
        "section": study.section,
    }


def fixed_choice(rows: pd.DataFrame) -> str:
    """Say what the cheapest and the dearest fixed choice cost; nothing where none can be told."""
    rows = rows[(rows.condition == EVERYWHERE) & (rows.criterion == CRITERIA[0])]
    if rows.empty:
        return ""
    methods = len(rows)
    rows = rows[(rows.conditions == rows.conditions.max()) & ~rows.method.isin([BASELINE, TUNED_BASELINE])]
    if len(rows) < 2:
        return ""
    least, most = rows.loc[rows.estimate.idxmin()], rows.loc[rows.estimate.idxmax()]
    conditions = counted(int(least.conditions), "condition")
    return (
        f"Always taking `{least.method}` {_costs(least.estimate)} test error than choosing among "
        f"{counted(methods, 'method')}, the baselines included, by the validation loss, and always taking "
        f"`{most.method}` {_costs(most.estimate)} (means over the {conditions} that have all of these)."
    )


def _costs(points: float) -> str:
    return f"costs {points:z.2f} points more" if points > 0 else f"costs {-points:z.2f} points less"


def _axes(evidence: pd.DataFrame) -> str:
    """Say along which axes two methods change places, and along which this cannot be told."""
    rows = evidence[evidence.claim.isin(AXES)]
    if rows.empty:
        return ""
    found = {outcome: list(rows.condition[rows.outcome == outcome]) for outcome in rows.outcome.unique()}
    pairs = (
        row.endpoint.partition(" change places")[0] for row in rows[rows.outcome == "holds"].itertuples()
    )
    holds = [f"{axis} ({pair})" for axis, pair in zip(found.pop("holds", []), pairs, strict=True)]
    absent = found.pop("absent", [])
    unknown = [name for names in found.values() for name in names]
    parts = []
    if holds:
        parts.append(f"Two methods change places beyond chance with the {listed(holds)}.")
    if absent:
        parts.append(f"Whatever the {listed(absent, 'or')}, one method is the best.")
    if unknown:
        parts.append(f"Whether the choice depends on the {listed(unknown, 'or')} cannot be told from chance.")
    return " ".join(parts)


def by_conditions(winners: pd.DataFrame) -> pd.DataFrame:
    """Return a row a condition: what it is, the method with the lowest error, and what ties with it."""
    table = [
        {
            "condition": f"`{row.condition}`",
            "images": f"{row.train_size:,} of `{row.data}`",
            "network": f"{row.network}, {row.depth} x {row.width}",
            "wrong labels": f"{row.label_noise:.0%}",
            "useless inputs": f"{row.distractors:.0%}",
            "training sets": str(row.n),
            "lowest test error": f"`{row.best}`",
            "%": f"{row.error:.2f}",
            "not told apart from it": ", ".join(f"`{name}`" for name in tied_with(row)) or "none",
        }
        for row in winners.itertuples()
    ]
    return pd.DataFrame(table)


def regrets(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row a method: what taking it everywhere costs, against choosing by loss and by error."""
    table: dict[str, dict[str, str]] = {}
    for row in rows[rows.condition == EVERYWHERE].itertuples():
        cells = table.setdefault(row.method, {"always": f"`{row.method}`", "conditions": str(row.conditions)})
        cells[f"against choosing by {row.criterion.replace('_', ' ')}, points"] = interval(row, 2, "+")
    return pd.DataFrame(table.values())


def budgets(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting: what has the lowest validation error when a share of the epochs is over."""
    means = rows.groupby(["condition", "share", "method"], sort=False).validation_error.mean()
    table: dict[str, dict[str, str]] = {}
    for (condition, share), errors in means.groupby(level=[0, 1], sort=False):
        cells = table.setdefault(condition, {"setting": f"`{condition}`"})
        best = errors.droplevel([0, 1])
        cells[f"{share:.0%} of the epochs"] = f"`{best.idxmin()}` ({best.min():.2f} %)"
    return pd.DataFrame(table.values())
