"""What the study says of overfitting, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.significance import against, better, rows_of
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.system.words import interval, of


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, and the settings that have curves."""
    compared = set(tables["study/differences"].setting)
    gaps = [gap(name, tables) for name in study.params.settings if name in compared]
    return {
        "answer": _narrowed(evidence),
        "gaps": gaps,
        "curved": list(tables["curves"].setting.unique()),
    }


def _narrowed(evidence: pd.DataFrame) -> str:
    if evidence.empty:
        return ""
    outcomes = evidence.outcome.value_counts()
    narrowed = of(int(outcomes.get("holds", 0)), len(evidence))
    return (
        f"The gap in cross-entropy or in error narrowed in {narrowed} comparisons with the network without "
        f"regularization; it widened in {int(outcomes.get('reversed', 0))}."
    )


def gap(name: str, tables: Tables) -> str:
    """Say how wide the train-test gap is, how many variants narrow it, and how it opens in training."""
    (base,) = rows_of(tables["gaps"], name, "cross_entropy_gap").query("variant == @BASELINE").itertuples()
    gaps = against(tables["study/differences"], name, "cross_entropy_gap", BASELINE)
    gaps = gaps[gaps.variant != TUNED_BASELINE]
    narrowed = len(better(gaps))
    who = f"{of(narrowed, len(gaps))} variants narrow it"
    if len(gaps) == 1:
        who = f"`{gaps.variant.iloc[0]}` {'narrows it' if narrowed else 'does not narrow it'}"
    text = (
        f"In `{name}` the gap in cross-entropy is {interval(base, 3)} nats without regularization; "
        f"{who} beyond chance."
    )
    curves = tables["curves"]
    curve = curves[(curves.setting == name) & (curves.variant == BASELINE)]
    wide = curve.pivot_table(index="epoch", columns="metric", values="estimate")
    if "validation_cross_entropy" not in wide:
        return text
    validation, train = wide.validation_cross_entropy, wide.train_cross_entropy
    best, last = validation.idxmin(), validation.index.max()
    return (
        f"{text} The baseline's validation cross-entropy is lowest after epoch {best} of {last}, "
        f"{validation[best]:.3f} nats with {train[best]:.3f} in training; at the end it is "
        f"{validation[last]:.3f} with {train[last]:.3f}."
    )
