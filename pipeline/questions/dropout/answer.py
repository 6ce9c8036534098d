"""What the study says about dropout, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.dropout import compared, damaged, passes, pixels, silenced, single
from pipeline.questions.study import Study
from pipeline.system.words import interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer in a sentence, the others, and the numbers in the captions of the figures.

    `drawn` tells whether there are figures.
    """
    return {
        "answer": _answer(tables["errors"]),
        "sentences": [
            *_redundancy(tables["units"], evidence),
            *_pixels(tables["pixels"]),
            *_damaged(tables["damaged"]),
            *_passes(evidence),
            *_off(tables["scores"]),
            *_duration(evidence),
            *study.left_out("dropout"),
        ],
        "drawn": not tables["errors"].empty,
        "images": {"silenced": silenced.IMAGES, "pixels": pixels.IMAGES, "damaged": damaged.IMAGES},
        "scanned": single.SCANNED,
        "block": pixels.BLOCK,
    }


def _answer(errors: pd.DataFrame) -> str:
    half = errors[errors.share == silenced.HALF]
    if half.empty:
        return ""
    rise = compared.said(half, "rise", 1, " points")
    return f"With half of the hidden units silenced, the test error rises by {rise}."


def _redundancy(table: pd.DataFrame, evidence: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    saved = evidence[(evidence.claim == "5a") & evidence.endpoint.str.endswith("half of the units")]
    points = [f"{interval(row, 1)} points in `{row.condition}`" for row in saved.itertuples()]
    return [
        f"With half of the hidden units silenced, dropout saves {listed(points)}. Training under masks makes "
        "this nearly true by construction: the network has learned to do without half of its units.",
        f"Without one random unit, the share of the predictions that change is "
        f"{compared.said(table, 'changed', 2, ' %')}. Without the most important one, the error rises by "
        f"{compared.said(table, 'rise', 2, ' points')}.",
    ]


def _pixels(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    return [
        "Without one input pixel, the share of the predictions that change is "
        f"{compared.said(table, 'changed', 2, ' %')}. Without a block of pixels, the error rises by "
        f"{compared.said(table, 'mean_rise', 1, ' points')} on average."
    ]


def _damaged(table: pd.DataFrame) -> list[str]:
    judged = [
        (kind, table[(table.damage == kind) & (table.level == levels[-1])])
        for kind, levels in damaged.LEVELS.items()
    ]
    return [
        f"Under {kind}, the error changes by {compared.said(rows, 'rise', 1, ' points', '+')}."
        for kind, rows in judged
        if not rows.empty
    ]


def _passes(evidence: pd.DataFrame) -> list[str]:
    changes = evidence[evidence.claim == "5d"]
    if changes.empty:
        return []
    points = [f"{interval(row, 2, '+')} points in `{row.condition}`" for row in changes.itertuples()]
    return [
        f"Averaging {passes.PASSES[-1]} passes with dropout on, instead of one pass with dropout off, "
        f"changes the error by {listed(points)}."
    ]


def _off(scores: pd.DataFrame) -> list[str]:
    scaling, averaged = (
        scores[scores.passes == number].distance for number in (passes.SCALING, passes.PASSES[-1])
    )
    if scores.empty or scaling.max() >= averaged.min():
        return []
    return [
        "The networks' own predictions are those with dropout off: Keras averages nothing unless a program "
        "asks for passes."
    ]


def _duration(evidence: pd.DataFrame) -> list[str]:
    delays = evidence[(evidence.claim == "5f") & (evidence.endpoint == "best epoch")]
    if delays.empty:
        return []
    epochs = [f"{interval(row, 0)} epochs in `{row.condition}`" for row in delays.itertuples()]
    return [
        f"The epoch with the lowest validation loss comes later by {listed(epochs)}. An epoch has as many "
        "optimizer steps with dropout as without; seconds are not compared."
    ]
