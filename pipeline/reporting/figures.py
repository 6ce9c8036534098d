"""From tidy tables to figures, byte for byte the same for the same tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy.optimize import linear_sum_assignment

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.reporting import significance
from pipeline.reporting.style import COLOURS, WIDTH, arms

Families = Mapping[str, str]
Drawn = tuple[pd.DataFrame, Figure]  # what is shown, and how
TUNED = "#404040"  # a darker grey, where both baselines meet
PLACES = 24  # for labels in a column
FEW, NARROW = 3, 0.7  # a panel of so few variants is narrower than one of many


def every(
    tables: Mapping[str, pd.DataFrame], families: Families, settings: list[str], curved: Sequence[str]
) -> dict[str, Drawn]:
    """Return every figure of the report by its name, with the rows that it shows.

    The settings `curved` have learning curves.
    """
    summary, changes = tables["summary"], tables["differences"]
    parts = summary[summary.metric.isin(["squared_error_bias", "squared_error_variance"])]
    gap = summary[summary.metric == "cross_entropy_gap"]
    errors = pd.concat([significance.against(changes, setting, "test_error") for setting in settings])
    drawn: dict[str, Drawn] = {
        "bias_variance": (parts, bias_variance(parts, families, settings)),
        "gap": (gap, gaps(gap, families, settings)),
        "differences": (errors, differences(errors, families, settings)),
    }
    for setting in curved:
        rows = tables["curves"]
        rows = rows[(rows.setting == setting) & rows.metric.isin(CURVES)]
        drawn[f"curves_{setting}"] = (rows, curves(rows, families, setting))
    return drawn


def bias_variance(summary: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Squared bias against variance of every variant, with intervals and lines of equal risk."""
    wides = [_wide(summary, name, ["squared_error_bias", "squared_error_variance"]) for name in settings]
    ratios = [NARROW if len(rows) <= FEW else 1.0 for rows in wides]
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes = figure.subplots(1, len(settings), squeeze=False, width_ratios=ratios)[0]
    for setting, rows, axis in zip(settings, wides, axes, strict=True):
        bias, variance = rows["squared_error_bias"], rows["squared_error_variance"]
        for variant in rows.index:
            axis.errorbar(
                variance["estimate"][variant],
                bias["estimate"][variant],
                xerr=arms(variance.loc[variant]),
                yerr=arms(bias.loc[variant]),
                fmt="o",
                color=COLOURS[families[variant]],
                markerfacecolor="white" if variant == TUNED_BASELINE else None,
                elinewidth=1,
                markersize=5,
            )
        _equal_risk(axis)
        _label(axis, variance["estimate"], bias["estimate"], families)
        axis.xaxis.set_major_locator(MaxNLocator(2 if len(rows) <= FEW else 3))
        axis.tick_params(labelsize=9)
        axis.set(title=setting, xlabel="variance", ylabel="squared bias" if axis is axes[0] else "")
    return figure


def gaps(summary: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Test minus train cross-entropy of every variant, with intervals, the baseline as a line."""
    return _forest(
        summary[summary.metric == "cross_entropy_gap"],
        families,
        settings,
        "test minus train cross-entropy (nats)",
        reference=BASELINE,
    )


def differences(table: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Change of the test error against the tuned baseline, or else the baseline, with intervals."""
    return _forest(
        pd.concat([significance.against(table, setting, "test_error") for setting in settings]),
        families,
        settings,
        "change of test error against the tuned baseline, or the baseline where none is tuned (points)",
    )


SEEN = 1.6  # times the highest end of a curve: the first epochs would press all that follows flat
CURVES = {"train_cross_entropy": ":", "validation_cross_entropy": "-"}


def curves(table: pd.DataFrame, families: Families, setting: str) -> Figure:
    """Cross-entropy over the epochs on train and validation, with bands; the gap is shaded."""
    rows = table[(table.setting == setting) & table.metric.isin(CURVES)]
    variants = [variant for variant in rows.variant.unique() if variant != BASELINE]
    across = min(4, len(variants))
    down = -(-len(variants) // across)
    figure = Figure(figsize=(WIDTH, 1.9 * down + 1.0), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for variant, axis in zip(variants, axes.flat, strict=False):
        own = TUNED if variant == TUNED_BASELINE else COLOURS[families[variant]]
        for name, colour in ((BASELINE, COLOURS[BASELINE]), (variant, own)):
            parts = {metric: _curve(rows, name, metric) for metric in CURVES}
            for metric, part in parts.items():
                axis.plot(part.index, part.estimate, CURVES[metric], color=colour, linewidth=1.5)
                axis.fill_between(part.index, part.low, part.high, color=colour, alpha=0.2, linewidth=0)
        train, validation = parts.values()
        axis.fill_between(train.index, train.estimate, validation.estimate, color=own, alpha=0.1, linewidth=0)
        axis.set_title(variant, fontsize=10, color=own)
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


def _forest(
    rows: pd.DataFrame,
    families: Families,
    settings: list[str],
    label: str,
    reference: str | None = None,
) -> Figure:
    """Return estimates with intervals, one line a variant, one panel a setting."""
    variants = [name for name in families if name in set(rows.variant)]
    figure = Figure(figsize=(WIDTH, 0.28 * len(variants) + 1.2), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        own = rows[rows.setting == setting].set_index("variant")
        for place, variant in enumerate(variants):
            if variant in own.index:
                row = own.loc[variant]
                axis.errorbar(
                    row.estimate,
                    place,
                    xerr=arms(row),
                    fmt="o",
                    color=COLOURS[families[variant]],
                    markerfacecolor="white" if variant == TUNED_BASELINE else None,
                    elinewidth=2,
                    markersize=5,
                )
        zero = own.estimate[reference] if reference else 0.0
        axis.axvline(zero, color=COLOURS[BASELINE], linewidth=1, zorder=1)  # above the grid
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.tick_params(labelsize=9)
        axis.set(title=setting)
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    figure.supxlabel(label, fontsize=11)
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
            color=COLOURS[families[variant]],
            arrowprops={"arrowstyle": "-", "color": "#b0b0b0", "linewidth": 0.6, "shrinkB": 3},
        )


def _equal_risk(axis: Axes) -> None:
    """Draw the lines on which bias and variance sum to the same risk."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for risk in np.linspace(left + bottom, right + top, 8)[1:-1]:
        ends = np.array([left, right])
        axis.plot(ends, risk - ends, color="#c8c8c8", linewidth=0.8, linestyle="--", zorder=0)
    axis.set(xlim=(left, right), ylim=(bottom, top))
