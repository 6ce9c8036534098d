"""How sparse and how even the weights are, and what pruning costs."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, by_replicate, colour_of, direct, marker_of, message
from pipeline.drawing.svg import points
from pipeline.questions.base import Tables

MEASURES = {
    "near_zero": "share below 0.001",
    "exact_zeros": "share of exact zeros",
    "hoyer": "Hoyer's index",
    "participation_ratio": "participation",
}
SMALLEST = 1e-3  # singular values below are rounding


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `figure`, the weights by measure; and `pruned`, what pruning costs, and the singular values."""
    spread = tables["spread"]
    return {
        "figure": _measures(spread[spread.kernels == "all"]),
        "pruned": _pruned(tables["pruning"], tables["spectrum"]),
    }


def _measures(spread: pd.DataFrame) -> Figure:
    """Draw a row a setting, a column a measure: live weights filled, all weights hollow."""
    settings = list(spread.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.2 * len(settings) + 0.6), layout="constrained")
    axes = figure.subplots(len(settings), len(MEASURES), sharey="row", squeeze=False)
    for row, setting in zip(axes, settings, strict=True):
        of_setting = spread[spread.setting == setting]
        variants = list(of_setting.variant.unique())
        for axis, (name, label) in zip(row, MEASURES.items(), strict=True):
            for place, variant in enumerate(variants):
                for weights, filled in (("live", colour_of(variant)), ("all", "none")):
                    rows = of_setting[(of_setting.variant == variant) & (of_setting.weights == weights)]
                    look = {"color": colour_of(variant), "markerfacecolor": filled, "markersize": 5}
                    marks = [
                        (value, place, f"{variant} in {setting}, {weights} weights: {value:.3f}")
                        for value in rows[name]
                    ]
                    points(axis, marks, marker=marker_of(variant), **look)
            axis.set_title(label)
            axis.set_xlim(left=-0.03)
        row[0].set_yticks(range(len(variants)), variants)
        row[0].set_ylim(len(variants) - 0.5, -0.5)
        row[0].set_ylabel(setting)
    live = spread[spread.weights == "live"].groupby("variant").near_zero.mean()
    said = [f"{live[name]:.0%} with {name}" for name in ("l1", "l2", "baseline") if name in live.index]
    message(figure, f"Weights that are nearly zero: {', '.join(said)}")
    return figure


def _pruned(pruning: pd.DataFrame, spectrum: pd.DataFrame) -> Figure:
    """Draw a row a setting: the test error by the share of weights set to zero, and the singular values."""
    settings = list(pruning.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.6 * len(settings) + 0.6), layout="constrained")
    axes = figure.subplots(len(settings), 2, squeeze=False)
    for (left, right), setting in zip(axes, settings, strict=True):
        curves, values = pruning[pruning.setting == setting], spectrum[spectrum.setting == setting]
        left.set(xlabel="share of live weights set to 0", ylabel="test error (%)", title=setting)
        right.set(yscale="log", xlabel="place", ylabel="singular value", title=f"{setting}, first kernel")
        ends = []
        for name in curves.variant.unique():
            of, colour = curves[curves.variant == name], colour_of(name)
            ends.append(by_replicate(left, of, "share", "error", colour, name, marker_of(name)))
        direct(left, ends)
        each = [(name, values[values.variant == name]) for name in curves.variant.unique()]
        lines = [by_replicate(right, of, "place", "value", colour_of(name), name) for name, of in each]
        right.set_ylim(bottom=SMALLEST)
        right.yaxis.set_major_formatter("{x:g}")
        direct(right, lines)
    most = pruning[pruning.share == pruning.share.max()].groupby("variant").error.mean()
    said = ", ".join(f"{name} {most[name]:.0f}%" for name in most.sort_values().index)
    message(figure, f"Test error with {pruning.share.max():.0%} of the weights cut: {said}")
    return figure
