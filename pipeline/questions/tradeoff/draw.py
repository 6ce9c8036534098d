"""Bias, variance, risk and gap along the strengths, and the complexity at those that were chosen."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.drawing.style import COLOURS, WIDTH, colour_of
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import variants_of
from pipeline.questions.tradeoff.claims import COMPLEXITY

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # a colour a setting
SHOWN = {"risk": "-", "bias": "--", "variance": ":"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `figure`, the paths, and `complexity`."""
    return {"figure": _along(tables["paths"]), "complexity": _relative(tables["complexity"])}


def _along(paths: pd.DataFrame) -> Figure:
    """Draw risk, bias and variance along every path, and below the gap, with bands: two rows a setting."""
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
    return figure


def _relative(measured: pd.DataFrame) -> Figure:
    """Draw the geometric mean ratio of each measure to the baseline's: a panel a measure, a row a variant."""
    logs = measured.assign(**{name: np.log(measured[name].astype(float)) for name in COMPLEXITY})
    means = logs.groupby(["setting", "variant"], sort=False)[list(COMPLEXITY)].mean()
    rows = [
        {"setting": setting, "variant": variant, "measure": words}
        | {"ratio": float(np.exp(means.loc[(setting, variant), name] - means.loc[(setting, BASELINE), name]))}
        for setting in logs.setting.unique()
        for variant in variants_of(logs, setting)
        for name, words in COMPLEXITY.items()
    ]
    ratios = pd.DataFrame(rows, columns=["setting", "variant", "measure", "ratio"])
    variants, settings = list(ratios.variant.unique()), list(ratios.setting.unique())
    figure = Figure(figsize=(WIDTH, 0.28 * len(variants) + 1.6), layout="constrained")
    axes = figure.subplots(1, len(COMPLEXITY), sharey=True)
    for axis, words in zip(axes, COMPLEXITY.values(), strict=True):
        for setting, colour, marker in zip(
            settings, itertools.cycle(PALETTE), itertools.cycle("osD^vP"), strict=False
        ):
            shown = ratios[(ratios.measure == words) & (ratios.setting == setting)]
            places = [variants.index(variant) for variant in shown.variant]
            axis.plot(shown.ratio, places, marker, color=colour, markersize=5, alpha=0.8, label=setting)
        axis.axvline(1, color=COLOURS[BASELINE], linewidth=1, zorder=1)  # above the grid
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(words, fontsize=10)
        axis.tick_params(labelsize=9)
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    if settings:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper center", ncols=len(labels), fontsize=9, frameon=False
        )
    figure.supxlabel("ratio to the same training without it", fontsize=11)
    return figure


def _line(axis: Axes, rows: pd.DataFrame, colour: str, dashes: str, label: str) -> None:
    axis.plot(rows.step, rows.estimate, dashes, color=colour, marker="o", markersize=3, label=label)
    axis.fill_between(rows.step, rows.low, rows.high, color=colour, alpha=0.15, linewidth=0)
