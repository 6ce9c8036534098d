"""From tidy tables to figures, byte for byte the same for the same tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.optimize import linear_sum_assignment

from pipeline.drawing.forest import forest
from pipeline.drawing.style import arms, of_family, panels
from pipeline.evaluation import significance
from pipeline.params import TUNED_BASELINE

Families = Mapping[str, str]
Drawn = tuple[pd.DataFrame, Figure]  # what is shown, and how
CHANGE = "change of test error against the tuned baseline, or the baseline where none is tuned (points)"
PLACES = 24  # for labels in a column
ABREAST = 3  # panels side by side: more leave no room for the names


def every(tables: Mapping[str, pd.DataFrame], families: Families, settings: list[str]) -> dict[str, Drawn]:
    """Return every figure of the report by its name, with the rows that it shows."""
    summary, changes = tables["summary"], tables["differences"]
    parts = summary[summary.metric.isin(["squared_error_bias", "squared_error_variance"])]
    errors = pd.concat([significance.against(changes, setting, "test_error") for setting in settings])
    return {
        "bias_variance": (parts, bias_variance(parts, families, settings)),
        "differences": (errors, forest(errors, families, settings, CHANGE)),
    }


def bias_variance(summary: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Squared bias against variance of every variant, with intervals and lines of equal risk."""
    wides = [_wide(summary, name, ["squared_error_bias", "squared_error_variance"]) for name in settings]
    figure, axes = panels(settings, 4.4, ABREAST)
    for place, (rows, axis) in enumerate(zip(wides, axes, strict=True)):
        bias, variance = rows["squared_error_bias"], rows["squared_error_variance"]
        for variant in rows.index:
            axis.errorbar(
                variance["estimate"][variant],
                bias["estimate"][variant],
                xerr=arms(variance.loc[variant]),
                yerr=arms(bias.loc[variant]),
                fmt="o",
                color=of_family(families[variant]),
                markerfacecolor="white" if variant == TUNED_BASELINE else None,
                elinewidth=1,
                markersize=5,
            )
        _equal_risk(axis)
        _label(axis, variance["estimate"], bias["estimate"], families)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.tick_params(labelsize=9)
        axis.set(xlabel="variance", ylabel="" if place % ABREAST else "squared bias")
    return figure


def _wide(summary: pd.DataFrame, setting: str, metrics: list[str]) -> pd.DataFrame:
    rows = summary[(summary.setting == setting) & summary.metric.isin(metrics)]
    wide = rows.pivot_table(index="variant", columns="metric", values=["estimate", "low", "high"], sort=False)
    return wide.swaplevel(axis=1)


def _label(axis: Axes, x: pd.Series, y: pd.Series, families: Families) -> None:
    """Name the points in a column beside the panel, so that no two lines to them cross.

    Of all ways to match points and places the one with the shortest lines has no crossing.
    """
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    column, places = 1.06, max(PLACES, len(x))
    heights = 1 - (np.arange(places) + 0.5) / places
    across = (column - (x - left) / (right - left)).to_numpy()[:, None]
    up = heights[None, :] - ((y - bottom) / (top - bottom)).to_numpy()[:, None]
    for point, place in zip(*linear_sum_assignment(np.hypot(0.5 * across, up)), strict=True):
        variant = x.index[point]
        axis.annotate(
            variant,
            (x[variant], y[variant]),
            xytext=(column, heights[place]),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            color=of_family(families[variant]),
            arrowprops={"arrowstyle": "-", "color": "#b0b0b0", "linewidth": 0.6, "shrinkB": 3},
        )


def _equal_risk(axis: Axes) -> None:
    """Draw the lines on which bias and variance sum to the same risk."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for risk in np.linspace(left + bottom, right + top, 8)[1:-1]:
        ends = np.array([left, right])
        axis.plot(ends, risk - ends, color="#c8c8c8", linewidth=0.8, linestyle="--", zorder=0)
    axis.set(xlim=(left, right), ylim=(bottom, top))
