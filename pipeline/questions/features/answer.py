"""What the study says about the features that a network looks at, computed from the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.features.claims import PENALTIES
from pipeline.questions.features.measure import IMAGES
from pipeline.questions.study import Study
from pipeline.system.words import capital, interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, whether there is a figure, and the number in its caption."""
    attention = tables["attention"]
    return {
        "lead": _lead(attention),
        "sentences": [*_shares(attention), *_scores(evidence)],
        "drawn": not attention.empty,
        "images": IMAGES,
    }


def _lead(attention: pd.DataFrame) -> str:
    """Say how much of the input gradient lies on real pixels under each penalty, over the settings."""
    means = attention.groupby("variant").gradients.mean()
    said = [f"{means[name]:.0%} with `{name}`" for name in PENALTIES if name in means.index]
    if BASELINE in means.index:
        said.append(f"{means[BASELINE]:.0%} without a penalty")
    return f"The share of the input gradient on real pixels is {listed(said)}." if said else ""


def _shares(attention: pd.DataFrame) -> list[str]:
    sentences = []
    for setting in attention.setting.unique():
        means = attention[attention.setting == setting].groupby("variant")[["weights", "gradients"]].mean()
        named = {name: f"under `{name}`" for name in PENALTIES} | {BASELINE: "without a penalty"}
        weights, gradients = (
            listed(
                f"{means.loc[name, column]:.0%} {words}"
                for name, words in named.items()
                if name in means.index
            )
            for column in ("weights", "gradients")
        )
        sentences.append(
            f"In `{setting}`, the share of the squared weights on the real pixels is {weights}; that of the "
            f"squared input gradients is {gradients}."
        )
    return sentences


def _scores(evidence: pd.DataFrame) -> list[str]:
    rows = evidence[evidence.claim == "9e"]
    parts = [
        f"{row.endpoint.partition(',')[0]} of L2 minus that of L1: {interval(row, 3, '+')} {row.unit} in "
        f"`{row.condition}`"
        for row in rows.itertuples()
    ]
    return [f"{capital('; '.join(parts))}."] if parts else []
