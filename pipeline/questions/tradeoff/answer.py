"""What the study says of the tradeoff, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.system.words import listed, of

SOURCES = {
    "split": "comes with the training set",
    "init": "with the initial weights",
    "interaction": "with the two together",
}


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences."""
    sentences = (_slopes(evidence), least_risk(tables["paths"]), _sources(tables["sources"]))
    return {"sentences": [sentence for sentence in sentences if sentence]}


def least_risk(paths: pd.DataFrame) -> str:
    """Say at which strength of every path the risk is least."""
    risks = paths[paths.metric == "squared_error_risk"]
    said = []
    for setting, rows in risks.groupby("setting", sort=False):
        best = rows.loc[rows.groupby("variant", sort=False).estimate.idxmin()]
        strengths = [
            f"{row.strength:g} of {row.variant}" if row.step else f"no {row.variant}"
            for row in best.itertuples()
        ]
        said.append(f"in `{setting}` at {listed(strengths)}")
    return f"The risk is least {'; '.join(said)}." if said else ""


def _slopes(evidence: pd.DataFrame) -> str:
    rises, falls = (evidence[evidence.claim == number] for number in ("2a", "2b"))
    if rises.empty:
        return ""
    return (
        f"Along the paths of strength, in two losses, bias rose beyond chance in {_holding(rises)} and "
        f"variance fell in {_holding(falls)}."
    )


def _holding(rows: pd.DataFrame) -> str:
    return of(int((rows.outcome == "holds").sum()), len(rows))


def _sources(sources: pd.DataFrame) -> str:
    """Say what the variance of the baseline is made of."""
    said = []
    for row in sources.to_dict("records"):
        total = sum(row[name] for name in SOURCES)
        shares = [f"{row[name] / total:.0%} {words}" for name, words in SOURCES.items()]
        said.append(f"in `{row['setting']}` {listed(shares)}")
    return f"The baseline's variance (squared error) has these sources: {'; '.join(said)}." if said else ""
