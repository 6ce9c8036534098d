"""Bias, variance, risk and gap along the strengths: a column a variant, two rows a setting."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, colour_of
from pipeline.questions.base import Tables

SHOWN = {"risk": "-", "bias": "--", "variance": ":"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw risk, bias and variance along every path, and below the gap, with bands."""
    paths = tables["paths"]
    settings, variants = list(paths.setting.unique()), list(paths.variant.unique())
    figure = Figure(figsize=(WIDTH, 4.4 * len(settings)), layout="constrained")
    heights = [2, 1.2] * len(settings)
    axes = figure.subplots(
        2 * len(settings), len(variants), sharey="row", squeeze=False, height_ratios=heights
    )
    for row, setting in enumerate(settings):
        for column, variant in enumerate(variants):
            path = paths[(paths.setting == setting) & (paths.variant == variant)]
            upper, lower = axes[2 * row, column], axes[2 * row + 1, column]
            colour = colour_of(variant)
            for term, dashes in SHOWN.items():
                _line(upper, path[path.metric == f"squared_error_{term}"], colour, dashes, term)
            _line(lower, path[path.metric == "cross_entropy_gap"], colour, "-", "gap")
            upper.set_title(f"{variant} in {setting}", color=colour)
            steps = path.drop_duplicates("step")
            for axis in (upper, lower):
                axis.set_xticks(steps.step, [f"{value:g}" for value in steps.strength], fontsize=8)
            lower.axhline(0, color="#7f7f7f", linewidth=0.8, zorder=0)
        axes[2 * row, 0].set_ylabel("squared error")
        axes[2 * row, 0].legend(fontsize=8)
        axes[2 * row + 1, 0].set_ylabel("gap (nats)")
    figure.supxlabel("strength (0: no regularizer)", fontsize=11)
    return {"figure": figure}


def _line(axis: Axes, rows: pd.DataFrame, colour: str, dashes: str, label: str) -> None:
    axis.plot(rows.step, rows.estimate, dashes, color=colour, marker="o", markersize=3, label=label)
    axis.fill_between(rows.step, rows.low, rows.high, color=colour, alpha=0.15, linewidth=0)
