"""From tidy tables to figures, byte for byte the same for the same tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.optimize import linear_sum_assignment

from pipeline.drawing.style import HALF, INK, SMALL, SOFT, WIDTH, message, of_family
from pipeline.drawing.svg import points, titled
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.system.words import counted, of

Families = Mapping[str, str]
Drawn = tuple[pd.DataFrame, Figure]  # what is shown, and how
BIAS, VARIANCE = "squared_error_bias", "squared_error_variance"
PLACES = 16  # for labels in a column
CORNERS = ((0.12, 0.12), (0.85, 0.12), (0.85, 0.85), (0.12, 0.85))


def every(tables: Mapping[str, pd.DataFrame], families: Families, settings: list[str]) -> dict[str, Drawn]:
    """Return every figure of the report by its name, with the rows that it shows.

    `arrows` is of the first of the settings with the most variants; `all_arrows` is of all of them.
    """
    summary = tables["summary"]
    rows = summary[summary.metric.isin([BIAS, VARIANCE]) & summary.setting.isin(settings)]
    wides = {name: _wide(rows, name) for name in settings}
    most = max(settings, key=lambda name: len(wides[name]))
    return {
        "arrows": (rows[rows.setting == most].reset_index(drop=True), _single(wides[most], families, most)),
        "all_arrows": (rows, _every(wides, families)),
    }


def _single(wide: pd.DataFrame, families: Families, setting: str) -> Figure:
    figure = Figure(figsize=(HALF, 3.9), layout="constrained")
    axis = figure.subplots()
    _arrows(axis, wide, families, setting)
    axis.set(xlabel="← less variance", ylabel=f"bias² in {setting}")
    others = _others(wide)
    fewer = int((others[VARIANCE]["estimate"] < wide[VARIANCE]["estimate"][BASELINE]).sum())
    many = "All" if fewer == len(others) else of(fewer, len(others)).capitalize()
    alone = f"{others.index[0]} {'lowers' if fewer else 'does not lower'}" if len(others) == 1 else ""
    message(figure, f"{alone or f'{many} methods lower'} the variance")
    return figure


def _every(wides: Mapping[str, pd.DataFrame], families: Families) -> Figure:
    """Draw a panel a setting, two abreast."""
    rows = -(-len(wides) // 2)
    figure = Figure(figsize=(WIDTH, 3.4 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False)
    for axis, (setting, wide) in zip(axes.flat, wides.items(), strict=False):
        _arrows(axis, wide, families, setting)
        axis.set(title=setting, xlabel="variance", ylabel="bias²")
    for spare in list(axes.flat)[len(wides) :]:
        spare.remove()
    message(figure, f"What each method does to bias and variance, in {counted(len(wides), 'setting')}")
    return figure


def _arrows(axis: Axes, wide: pd.DataFrame, families: Families, setting: str) -> None:
    """Draw an arrow from the untuned baseline to every variant, and the way to a lower risk."""
    bias, variance = wide[BIAS]["estimate"], wide[VARIANCE]["estimate"]
    axis.margins(0.08)
    for variant in wide.index:
        text = ", ".join(
            f"{words} {row['estimate']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"
            for words, row in (("bias²", wide[BIAS].loc[variant]), ("variance", wide[VARIANCE].loc[variant]))
        )
        colour = of_family(families[variant])
        hollow = variant == TUNED_BASELINE
        points(
            axis,
            [(variance[variant], bias[variant], f"{variant} in {setting}: {text}")],
            marker="o",
            color=colour,
            markersize=8 if variant == BASELINE else 5,
            markerfacecolor="#ffffff" if hollow else colour,
        )
        if variant != BASELINE:
            arrow = axis.annotate(
                "",
                (variance[variant], bias[variant]),
                (variance[BASELINE], bias[BASELINE]),
                arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": 4, "shrinkB": 2},
            )
            titled(arrow, f"{variant} in {setting}")
    _equal_risk(axis)
    _label(axis, variance, bias)
    _better(axis, variance, bias)
    for ticks in (axis.xaxis, axis.yaxis):
        ticks.set_major_locator(MaxNLocator(4))


def _others(wide: pd.DataFrame) -> pd.DataFrame:
    return wide.drop(index=[BASELINE, TUNED_BASELINE], errors="ignore")


def _wide(summary: pd.DataFrame, setting: str) -> pd.DataFrame:
    rows = summary[summary.setting == setting]
    wide = rows.pivot_table(index="variant", columns="metric", values=["estimate", "low", "high"], sort=False)
    return wide.swaplevel(axis=1)


def _better(axis: Axes, x: pd.Series, y: pd.Series) -> None:
    """Draw the way down the risk, in the corner that is farthest from all marks."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    across, up = (x - left) / (right - left), (y - bottom) / (top - bottom)
    corner = max(CORNERS, key=lambda place: float(np.hypot(across - place[0], up - place[1]).min()))
    axis.annotate(
        "better",
        (corner[0] - 0.07, corner[1] - 0.08),
        (corner[0] + 0.07, corner[1] + 0.06),
        xycoords="axes fraction",
        fontsize=SMALL,
        fontweight="bold",
        ha="center",
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 2},
    )


def _label(axis: Axes, x: pd.Series, y: pd.Series) -> None:
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
            fontsize=SMALL,
            va="center",
            arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.4, "shrinkB": 3},
        )


def _equal_risk(axis: Axes) -> None:
    """Draw the lines on which bias and variance sum to the same risk."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for risk in np.linspace(left + bottom, right + top, 8)[1:-1]:
        ends = np.array([left, right])
        axis.plot(ends, risk - ends, color=SOFT, linewidth=0.6, linestyle="--", zorder=0)
    axis.set(xlim=(left, right), ylim=(bottom, top))
