"""What early stopping loses and saves by its patience, and what it memorises."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.style import VARIANTS, WIDTH, arms, by_replicate, over_replicates

CRITERIA = {"cross_entropy": "o-", "error": "s:"}
SHOWN = {
    "loss_regret": "regret in loss (nats)",
    "error_regret": "regret in error (points)",
    "epochs_saved": "epochs saved",
}


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a row a setting: regrets and epochs saved by patience; then the wrong labels learned."""
    stops, memorised = tables["stops"], tables["memorised"]
    settings = list(stops.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.6 * len(settings)), layout="constrained")
    axes = figure.subplots(len(settings), len(SHOWN) + 1, squeeze=False, width_ratios=[1, 1, 1, 0.8])
    for row, setting in enumerate(settings):
        for column, (name, label) in enumerate(SHOWN.items()):
            axis = axes[row, column]
            for criterion, own in stops[stops.setting == setting].groupby("criterion", sort=False):
                text = f"on {str(criterion).replace('_', ' ')}"
                line = CRITERIA[str(criterion)]
                by_replicate(axis, own, "patience", name, VARIANTS["early_stopping"], text, line)
            axis.set_title(f"{setting}: {label}", fontsize=9)
            axis.set_xlabel("patience (epochs)", fontsize=9)
        axes[row, 0].legend(fontsize=7)
        last = axes[row, -1]
        own = memorised[memorised.setting == setting]
        last.set_visible(not own.empty)
        for place, (variant, rows) in enumerate(own.groupby("variant", sort=False)):
            colour = VARIANTS[str(variant)]
            learned = rows.assign(place=place)
            for share, face in (("seen", colour), ("unseen", "white")):
                (found,) = (one for _, one in over_replicates(learned, "place", share).iterrows())
                last.errorbar(place, found.estimate, arms(found), fmt="o", color=colour, mfc=face)
        last.set_xticks(range(own.variant.nunique()), own.variant.unique(), fontsize=8)
        last.margins(x=0.4)
        last.set_ylim(0, 1.05)
        last.set_title("wrong labels learned\n(hollow: of unseen images)", fontsize=9)
    return figure
