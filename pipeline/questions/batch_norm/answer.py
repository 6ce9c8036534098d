"""What the study says of batch normalization, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.significance import against
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.batch_norm.claims import VARIANT
from pipeline.questions.study import Study
from pipeline.science.verdicts import Outcome
from pipeline.system.words import coded, interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer, the sentences, and the section for the caption of the figure."""
    sentences = (
        _rates(tables["summary"]) if len(evidence) else "",
        _errors(tables["study/differences"]),
    )
    return {
        "answer": _answer(evidence),
        "sentences": [said for said in sentences if said],
        "section": study.section,
    }


def _answer(evidence: pd.DataFrame) -> str:
    """Say what it does to training, and what to overfitting, as far as the evidence decides it."""
    if evidence.empty:
        return ""
    rates = evidence[evidence.claim.isin(["7a", "7b"])]
    trained = _everywhere(rates)
    first = (
        f"Batch normalization lets {_networks(trained)} train at more and at higher learning rates."
        if trained
        else "It is not settled whether batch normalization lets a network train at higher learning rates."
    )
    gaps = evidence[(evidence.claim == "7d") & evidence.endpoint.str.startswith("gap")]
    narrower, wider = (
        list(gaps[gaps.outcome == str(outcome)].condition) for outcome in (Outcome.HOLDS, Outcome.REVERSED)
    )
    places = [
        f"{word} in {coded(where)}" for word, where in (("narrower", narrower), ("wider", wider)) if where
    ]
    second = f"Its gap between train and unseen loss is {listed(places)}." if places else ""
    return " ".join(filter(None, (first, second)))


def _everywhere(rows: pd.DataFrame) -> list[str]:
    """Return the conditions in which all rows hold."""
    holds = (rows.outcome == str(Outcome.HOLDS)).groupby(rows.condition, sort=False).all()
    return [str(name) for name in holds.index[holds]]


def _networks(names: list[str]) -> str:
    return f"the {coded(names)} network{'s' * (len(names) > 1)}"


def _rates(summary: pd.DataFrame) -> str:
    """Say the largest rate that works, as the median over the training sets."""
    medians = summary.groupby(["network", "variant"], sort=False).largest_usable.median().unstack(sort=False)
    parts = [
        f"{row[VARIANT]:g} in the `{network}` network ({row[BASELINE]:g} without)"
        for network, row in medians.iterrows()
        if VARIANT in medians
    ]
    return f"The largest learning rate that works is {listed(parts)}." if parts else ""


def _errors(differences: pd.DataFrame) -> str:
    changes = [
        f"{interval(row, 2, '+')} points in `{setting}`"
        for setting in differences.setting.unique()
        for row in against(differences, setting, "test_error", BASELINE).itertuples()
        if row.variant == VARIANT
    ]
    if not changes:
        return ""
    return (
        "At the settings' own rate it changes the test error, against the network without it, by "
        f"{listed(changes)}."
    )
