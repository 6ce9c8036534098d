"""What the study says of the tradeoff, computed from the evidence and the tables."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.evidence import all_but, by_place, where_it_holds
from pipeline.questions.study import Study
from pipeline.system.words import capital, coded, listed

HOLDS = "holds"
SOURCES = {
    "split": "comes with the training set",
    "init": "with the initial weights",
    "interaction": "with the two together",
}


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer, and the sentences that follow it."""
    sentences = (
        *(_in_cross_entropy(evidence), _complexity(evidence)),
        *(least_risk(tables["paths"]), _sources(tables["sources"])),
    )
    return {
        "lead": _lead(evidence),
        "answer": _traded(evidence),
        "drawn": len(tables["paths"]) > 0,
        "sentences": [sentence for sentence in sentences if sentence],
    }


def _lead(evidence: pd.DataFrame) -> str:
    """Say with which variants variance falls, and bias rises, in every setting, in squared error."""
    rows = evidence[evidence.endpoint.str.endswith("squared error")]
    places = {
        claim: where_it_holds(zip(of.condition, of.outcome, strict=True))
        for claim, of in rows.groupby("claim")
    }
    if not {"2a", "2b"} <= set(places):
        return ""
    falls, rises = (all_but(places[claim][0], list(chain(*places[claim]))) for claim in ("2b", "2a"))
    return (
        f"By squared error, variance falls in every setting with {falls}; bias rises in every setting with "
        f"{rises}."
    )


def _traded(evidence: pd.DataFrame) -> str:
    """Say which variants trade bias for variance, and which lower the risk, in squared error."""
    outcomes = {
        claim: dict(zip(rows.condition, rows.outcome, strict=True))
        for claim, rows in evidence[evidence.endpoint.str.endswith("squared error")].groupby("claim")
    }
    bias, variance, risk = (outcomes.get(claim, {}) for claim in ("2a", "2b", "2e"))
    both = [(place, HOLDS if bias[place] == variance.get(place) == HOLDS else "") for place in bias]
    traded = by_place(both, "trade", "more bias for less variance")
    lowered = by_place(risk.items(), "lower", "the risk, the sum of the two,")
    return f"Measured by squared error, {traded}. Of these methods, {lowered}." if traded else ""


def _in_cross_entropy(evidence: pd.DataFrame) -> str:
    """Say which variants lower bias in cross-entropy: there it is no price to pay."""
    rows = evidence[(evidence.claim == "2a") & evidence.endpoint.str.endswith("cross entropy")]
    by_setting: dict[str, list[str]] = {}
    for condition in rows[rows.outcome == "reversed"].condition:
        variant, _, setting = condition.partition(" in ")
        by_setting.setdefault(setting, []).append(variant)
    places = [f"with {coded(names)} in `{setting}`" for setting, names in by_setting.items()]
    if not places:
        return ""
    return (
        f"In cross-entropy bias falls {'; '.join(places)}. There it also counts how sure the average network "
        "is of what it gets wrong."
    )


def _complexity(evidence: pd.DataFrame) -> str:
    """Say which variants lower all measures of complexity in every setting, and which raise some measure."""
    rows = evidence[evidence.claim == "2d"]
    everywhere, _, _ = where_it_holds(zip(rows.condition, rows.outcome, strict=True))
    raised = rows[rows.outcome == "reversed"]
    raising = raised.groupby("endpoint", sort=False).condition.apply(
        lambda conditions: coded(dict.fromkeys(place.partition(" in ")[0] for place in conditions))
    )
    lower = "lowers" if len(everywhere) == 1 else "lower"
    parts = [f"{coded(everywhere)} {lower} all measures of complexity in every setting"] * bool(everywhere)
    parts += [f"the {endpoint} is higher in some setting with {names}" for endpoint, names in raising.items()]
    return capital(f"{'; '.join(parts)}.") if parts else ""


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
    return f"Along the strengths, the risk is least {'; '.join(said)}." if said else ""


def _sources(sources: pd.DataFrame) -> str:
    """Say what the variance of the baseline is made of."""
    said = []
    for row in sources.to_dict("records"):
        total = sum(row[name] for name in SOURCES)
        shares = [f"{row[name] / total:.0%} {words}" for name, words in SOURCES.items()]
        said.append(f"in `{row['setting']}` {listed(shares)}")
    return f"The baseline's variance (squared error) has these sources: {'; '.join(said)}." if said else ""
