"""What the study says about dropout, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.dropout import passes, silenced
from pipeline.questions.study import Study
from pipeline.system.words import interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, and the numbers in the captions of the figures.

    `drawn` tells whether there are figures.
    """
    return {
        "sentences": [
            *_redundancy(evidence),
            *_passes(tables["scores"], evidence),
            *_duration(evidence),
            *study.left_out("dropout"),
        ],
        "drawn": not tables["errors"].empty,
        "images": {"silenced": silenced.IMAGES, "passes": passes.IMAGES},
    }


def _redundancy(evidence: pd.DataFrame) -> list[str]:
    saved = evidence[evidence.claim == "5a"]
    if saved.empty:
        return []
    points = [f"{interval(row, 1)} points in `{row.condition}`" for row in saved.itertuples()]
    return [f"With half of the hidden units silenced, dropout saves {listed(points)}."]


def _passes(scores: pd.DataFrame, evidence: pd.DataFrame) -> list[str]:
    changes = evidence[evidence.claim == "5b"].drop_duplicates("condition", keep="last")  # of the most passes
    if changes.empty:
        return []
    points = [f"{interval(row, 2, '+')} points in `{row.condition}`" for row in changes.itertuples()]
    return [
        f"Averaging {scores.passes.max()} passes with dropout on, instead of one pass with dropout off, "
        f"changes the error by {listed(points)}."
    ]


def _duration(evidence: pd.DataFrame) -> list[str]:
    delays = evidence[(evidence.claim == "5c") & (evidence.endpoint == "best epoch")]
    if delays.empty:
        return []
    epochs = [f"{interval(row, 0)} epochs in `{row.condition}`" for row in delays.itertuples()]
    return [f"The epoch with the lowest validation loss comes later by {listed(epochs)}."]
