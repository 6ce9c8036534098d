"""From tidy tables to figures, byte for byte the same for the same tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.reporting import findings
from pipeline.reporting.style import COLOURS, WIDTH, arms, panels

Families = Mapping[str, str]


def bias_variance(summary: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Squared bias against variance of every variant, with intervals and lines of equal risk."""
    figure, axes = panels(settings, height=4.6)
    for setting, axis in zip(settings, axes, strict=True):
        rows = _wide(summary, setting, ["squared_error_bias", "squared_error_variance"])
        bias, variance = rows["squared_error_bias"], rows["squared_error_variance"]
        for variant in rows.index:
            colour = COLOURS[families[variant]]
            at = (variance["estimate"][variant], bias["estimate"][variant])
            axis.errorbar(
                *at,
                xerr=arms(variance.loc[variant]),
                yerr=arms(bias.loc[variant]),
                fmt="o",
                color=colour,
                elinewidth=1,
                markersize=6,
            )
        _equal_risk(axis)
        _label(axis, variance["estimate"], bias["estimate"], families)
        axis.set(xlabel="variance", ylabel="squared bias" if axis is axes[0] else "")
    return figure


def gaps(summary: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Test minus train cross-entropy of every variant, with intervals, the baseline as a line."""
    return _forest(
        summary[summary.metric == "cross_entropy_gap"],
        families,
        settings,
        "test minus train cross-entropy (nats)",
        reference="baseline",
    )


def differences(table: pd.DataFrame, families: Families, settings: list[str]) -> Figure:
    """Change of the test error against the tuned baseline, or else the baseline, with intervals."""
    return _forest(
        pd.concat([findings.against(table, setting, "test_error") for setting in settings]),
        families,
        settings,
        "change of test error against the baseline (points)",
    )


def curves(table: pd.DataFrame, families: Families, setting: str) -> Figure:
    """Cross-entropy over the epochs on train and validation, with bands, against the baseline's."""
    rows = table[(table.setting == setting) & table.metric.str.endswith("_cross_entropy")]
    variants = [variant for variant in rows.variant.unique() if variant != "baseline"]
    across = min(4, len(variants))
    down = -(-len(variants) // across)
    figure = Figure(figsize=(WIDTH, 2.3 * down + 0.6), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for variant, axis in zip(variants, axes.flat, strict=False):
        for name, colour in (
            ("baseline", COLOURS["baseline"]),
            (variant, COLOURS[families[variant]]),
        ):
            for part, line in (("train", ":"), ("validation", "-")):
                own = rows[(rows.variant == name) & (rows.metric == f"{part}_cross_entropy")]
                axis.plot(own.epoch, own.estimate, line, color=colour, linewidth=1.5)
                axis.fill_between(own.epoch, own.low, own.high, color=colour, alpha=0.2, linewidth=0)
        axis.set_title(variant, fontsize=10, color=COLOURS[families[variant]])
    for axis in list(axes.flat)[len(variants) :]:
        axis.set_visible(False)
    axes[0, 0].set(yscale="log")
    figure.supxlabel("epoch", fontsize=11)
    figure.supylabel("cross-entropy (nats)", fontsize=11)
    return figure


def _forest(
    rows: pd.DataFrame,
    families: Families,
    settings: list[str],
    label: str,
    reference: str | None = None,
) -> Figure:
    """Return estimates with intervals, one line a variant, one panel a setting."""
    variants = [name for name in families if name in set(rows.variant)]
    figure = Figure(figsize=(WIDTH, 0.32 * len(variants) + 1.3), layout="constrained")
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
                    elinewidth=2,
                    markersize=6,
                )
        zero = own.estimate[reference] if reference else 0.0
        axis.axvline(zero, color=COLOURS["baseline"], linewidth=1, zorder=0)
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
    """Name the points in a column beside the panel, in their order from top to bottom."""
    order = y.sort_values(ascending=False, kind="stable").index
    for rank, variant in enumerate(order):
        axis.annotate(
            variant,
            (x[variant], y[variant]),
            xytext=(1.05, 1 - (rank + 0.5) / len(order)),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            color=COLOURS[families[variant]],
            arrowprops={"arrowstyle": "-", "color": "#c0c0c0", "linewidth": 0.6, "shrinkB": 4},
        )


def _equal_risk(axis: Axes) -> None:
    """Draw the lines on which bias and variance sum to the same risk."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for risk in np.linspace(left + bottom, right + top, 8)[1:-1]:
        ends = np.array([left, right])
        axis.plot(ends, risk - ends, color="#d0d0d0", linewidth=0.8, linestyle="--", zorder=0)
    axis.set(xlim=(left, right), ylim=(bottom, top))
