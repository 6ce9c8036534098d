"""The gap of every variant, and how it opens over the epochs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pipeline.drawing.forest import forest
from pipeline.drawing.style import COLOURS, WIDTH, of_family
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.overfitting.measure import CURVES

TUNED = "#404040"  # a darker grey, where both baselines meet
SEEN = 1.6  # times the highest end of a curve: the first epochs would press all that follows flat
GAP = "test minus train cross-entropy (nats)"


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the gaps, the baseline as a line, and the curves of every setting that has them."""
    gaps, curves = tables["gaps"], tables["curves"]
    families = dict(tables["families"].itertuples(index=False))
    figures = {"gap": forest(gaps, families, list(gaps.setting.unique()), GAP, reference=BASELINE)}
    for setting, rows in curves.groupby("setting", sort=False):
        figures[f"curves_{setting}"] = over_epochs(rows, families)
    return figures


def over_epochs(rows: pd.DataFrame, families: Mapping[str, str]) -> Figure:
    """Draw cross-entropy over the epochs on train and validation, with bands; the gap is shaded."""
    variants = [variant for variant in rows.variant.unique() if variant != BASELINE]
    across = min(4, len(variants))
    down = -(-len(variants) // across)
    figure = Figure(figsize=(WIDTH, 1.9 * down + 1.0), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for variant, axis in zip(variants, axes.flat, strict=False):
        colour = TUNED if variant == TUNED_BASELINE else of_family(families[variant])
        for name, shade in ((BASELINE, COLOURS[BASELINE]), (variant, colour)):
            parts = {metric: _curve(rows, name, metric) for metric in CURVES}
            for metric, part in parts.items():
                axis.plot(part.index, part.estimate, CURVES[metric], color=shade, linewidth=1.5)
                axis.fill_between(part.index, part.low, part.high, color=shade, alpha=0.2, linewidth=0)
        train, validation = parts.values()
        axis.fill_between(
            train.index, train.estimate, validation.estimate, color=colour, alpha=0.1, linewidth=0
        )
        axis.set_title(variant, fontsize=10, color=colour)
        axis.tick_params(labelsize=9)
    for axis in list(axes.flat)[len(variants) :]:
        axis.set_visible(False)
    ends = rows[rows.metric == "validation_cross_entropy"].groupby("variant", sort=False).estimate.last()
    axes[0, 0].set_ylim(0, np.nanmin([SEEN * ends.max(), axes[0, 0].get_ylim()[1]]))
    shown = [
        Line2D([], [], color="black", label="validation"),
        Line2D([], [], color="black", linestyle=":", label="train"),
        Patch(color="black", alpha=0.1, label="the gap"),
        Line2D([], [], color=COLOURS[BASELINE], label="baseline"),
    ]
    figure.legend(handles=shown, loc="outside upper center", ncols=len(shown), fontsize=9, frameon=False)
    figure.supxlabel("epoch", fontsize=11)
    figure.supylabel("cross-entropy (nats)", fontsize=11)
    return figure


def _curve(rows: pd.DataFrame, variant: str, metric: str) -> pd.DataFrame:
    return rows[(rows.variant == variant) & (rows.metric == metric)].set_index("epoch")
