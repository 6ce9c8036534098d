"""What the study says about dropout, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.dropout import damaged, passes, pixels, silenced, single
from pipeline.questions.study import Study
from pipeline.system.words import interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, and the numbers in the captions of the figures.

    `drawn` tells whether there are figures.
    """
    return {
        "sentences": [
            *_redundancy(evidence),
            *_single(tables["units"]),
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


def _redundancy(evidence: pd.DataFrame) -> list[str]:
    saved = evidence[(evidence.claim == "5a") & evidence.endpoint.str.endswith("half of the units")]
    if saved.empty:
        return []
    points = [f"{interval(row, 1)} points in `{row.condition}`" for row in saved.itertuples()]
    return [
        f"With half of the hidden units silenced, dropout saves {listed(points)}. Training under masks makes "
        "this nearly true by construction: the network has learned to do without half of its units."
    ]


def _single(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    changed, rise = _compared(table, "changed", 2, " %"), _compared(table, "rise", 2, " points")
    return [
        f"Without one random unit, {changed} of the predictions change. Without the most important one, the "
        f"error rises by {rise}."
    ]


def _pixels(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    changed, rise = _compared(table, "changed", 2, " %"), _compared(table, "mean_rise", 1, " points")
    return [
        f"Without one input pixel, {changed} of the predictions change. Without a block of pixels, the error "
        f"rises by {rise} on average."
    ]


def _damaged(table: pd.DataFrame) -> list[str]:
    judged = [
        (kind, table[(table.damage == kind) & (table.level == levels[-1])])
        for kind, levels in damaged.LEVELS.items()
    ]
    return [
        f"Under {kind}, the error rises by {_compared(rows, 'rise', 1, ' points')}."
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


def _compared(table: pd.DataFrame, column: str, digits: int, unit: str) -> str:
    """Return a column's mean with dropout and without, setting by setting."""
    means = table.groupby(["setting", "variant"], sort=False)[column].mean().unstack()
    parts = [
        f"{row.dropout:.{digits}f}{unit} with dropout and {row.baseline:.{digits}f}{unit} without in "
        f"`{setting}`"
        for setting, row in means.iterrows()
    ]
    return listed(parts)
