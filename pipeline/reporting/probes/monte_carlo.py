"""Error, likelihood and calibration against the number of dropout passes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.style import VARIANTS, WIDTH, by_replicate, over_replicates

SCORES = {"error": "test error (%)", "nll": "negative log-likelihood (nats)", "ece": "calibration error"}


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a column a setting, a row a score: the passes with their 95 % band, and weight scaling dashed."""
    scores = tables["scores"]
    settings = list(scores.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.4 * len(SCORES)), layout="constrained")
    axes = figure.subplots(len(SCORES), max(1, len(settings)), sharex=True, squeeze=False)
    for column, setting in enumerate(settings):
        own = scores[scores.setting == setting]
        scaled, passes = own[own.passes == 0], own[own.passes > 0]
        for row, (name, label) in enumerate(SCORES.items()):
            axis = axes[row, column]
            by_replicate(axis, passes, "passes", name, VARIANTS["dropout"], label="average of passes")
            (one,) = (found for _, found in over_replicates(scaled, "passes", name).iterrows())
            axis.axhline(one.estimate, color="black", linestyle="--", linewidth=1, label="weight scaling")
            axis.axhspan(one.low, one.high, color="black", alpha=0.08, linewidth=0)
            axis.set(xscale="log")
            if column == 0:
                axis.set_ylabel(label, fontsize=9)
        axes[0, column].set_title(setting)
        axes[-1, column].set_xlabel("dropout passes")
    axes[0, 0].legend(fontsize=8)
    return figure
