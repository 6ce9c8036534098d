"""What early stopping loses and saves by its patience, and what it memorises."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.drawing.style import VARIANTS, WIDTH, arms, by_replicate
from pipeline.evaluation.replicates import over_replicates
from pipeline.questions.base import Tables

LINES = {"cross_entropy": "o-", "error": "s:"}
SHOWN = {
    "loss_regret": "regret in loss (nats)",
    "error_regret": "regret in error (points)",
    "epochs_saved": "epochs saved",
}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `figure`, a row a setting: regrets and epochs saved by patience, then the wrong labels learned.

    There is none where no setting holds images out.
    """
    stops, memorised = tables["stops"], tables["memorised"]
    settings = list(stops.setting.unique())
    if not settings:
        return {}
    figure = Figure(figsize=(WIDTH, 2.6 * len(settings)), layout="constrained")
    axes = figure.subplots(len(settings), len(SHOWN) + 1, squeeze=False, width_ratios=[1, 1, 1, 0.8])
    for row, setting in enumerate(settings):
        by_patience = stops[stops.setting == setting]
        for axis, (name, label) in zip(axes[row], SHOWN.items(), strict=False):
            _patience(axis, by_patience, name)
            axis.set_title(f"{setting}: {label}", fontsize=9)
        axes[row, 0].legend(fontsize=7)
        _memorised(axes[row, -1], memorised[memorised.setting == setting])
    return {"figure": figure}


def _patience(axis: Axes, stops: pd.DataFrame, name: str) -> None:
    """Draw a line a criterion with its 95 % band."""
    for criterion, rows in stops.groupby("criterion", sort=False):
        label = f"on {str(criterion).replace('_', ' ')}"
        line = LINES[str(criterion)]
        by_replicate(axis, rows, "patience", name, VARIANTS["early_stopping"], label, line)
    axis.set_xlabel("patience (epochs)", fontsize=9)


def _memorised(axis: Axes, memorised: pd.DataFrame) -> None:
    """Draw the shares of wrong labels by variant, of seen images filled and of unseen ones hollow."""
    axis.set_visible(not memorised.empty)
    for place, (variant, rows) in enumerate(memorised.groupby("variant", sort=False)):
        colour = VARIANTS[str(variant)]
        learned = rows.assign(place=place)
        for share, face in (("seen", colour), ("unseen", "white")):
            mean = over_replicates(learned, "place", share).loc[place]
            axis.errorbar(place, mean.estimate, arms(mean), fmt="o", color=colour, mfc=face)
    axis.set_xticks(range(memorised.variant.nunique()), memorised.variant.unique(), fontsize=8)
    axis.margins(x=0.4)
    axis.set_ylim(0, 1.05)
    axis.set_title("wrong labels learned\n(hollow: of unseen images)", fontsize=9)
