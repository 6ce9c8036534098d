"""What early stopping loses and saves by its patience, and what it memorises."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.drawing.style import (
    INK,
    MARKERS,
    PAPER,
    VARIANTS,
    WIDTH,
    arms,
    by_replicate,
    message,
)
from pipeline.drawing.svg import points
from pipeline.evaluation.replicates import over_replicates
from pipeline.questions.base import Tables
from pipeline.questions.early_stopping.measure import SHOWN_PATIENCE

LINES = {"cross_entropy": ("^", "-"), "error": ("s", ":")}
SHOWN = {
    "loss_regret": "regret in loss (nats)",
    "error_regret": "regret in error (points)",
    "epochs_saved": "epochs saved",
}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `figure`, the first setting: regrets and epochs saved by patience; and `every` setting so.

    There is none where no setting holds images out. `memorised` has the wrong labels learned, if any.
    """
    stops, memorised = tables["stops"], tables["memorised"]
    settings = list(stops.setting.unique())
    if not settings:
        return {}
    figures = {"figure": _patiences(stops, settings[:1])}
    if len(memorised):
        figures["memorised"] = _memorised(memorised)
    if len(settings) > 1:
        figures["every"] = _patiences(stops, settings)
    return figures


def _patiences(stops: pd.DataFrame, settings: list[str]) -> Figure:
    """Draw a row a setting, a column a measure, a line a criterion with its 95 % band."""
    figure = Figure(figsize=(WIDTH, 2.2 * len(settings) + 0.8), layout="constrained")
    axes = figure.subplots(len(settings), len(SHOWN), squeeze=False)
    for row, setting in zip(axes, settings, strict=True):
        for axis, (name, label) in zip(row, SHOWN.items(), strict=True):
            for criterion, rows in stops[stops.setting == setting].groupby("criterion", sort=False):
                marker, line = LINES[str(criterion)]
                said = f"{setting}, on {str(criterion).replace('_', ' ')}, patience"
                by_replicate(axis, rows, "patience", name, VARIANTS["early_stopping"], said, marker, line)
            axis.set_title(f"{setting}: {label}")
    for axis in axes[-1]:
        axis.set_xlabel("patience (epochs)")
    handles = [
        Line2D([], [], color=VARIANTS["early_stopping"], marker=marker, linestyle=line, label=label)
        for (marker, line), label in zip(
            LINES.values(), ("stops on the validation loss", "stops on the validation error"), strict=True
        )
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    shown = stops[stops.setting.isin(settings) & (stops.patience == SHOWN_PATIENCE)]
    shown = shown[shown.criterion == "cross_entropy"]
    saved = shown.epochs_saved.sum() / (shown.epochs_saved + shown.stopped).sum()
    loss = shown.loss_regret.mean()
    said = f"A patience of {SHOWN_PATIENCE} saves {saved:.0%} of the epochs and costs {loss:.3f} nats"
    message(figure, said if len(shown) else "Patience trades epochs for a lower loss")
    return figure


def _memorised(memorised: pd.DataFrame) -> Figure:
    """Draw the shares of wrong labels by variant: filled for images trained on, hollow for others."""
    settings, names = list(memorised.setting.unique()), list(memorised.variant.unique())
    figure = Figure(figsize=(WIDTH, 0.45 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        for variant, rows in memorised[memorised.setting == setting].groupby("variant", sort=False):
            _shares(axis, rows, names.index(str(variant)), str(variant))
        axis.set(title=setting, xlim=(-0.03, 1.03), xlabel="share of wrong labels that are put out")
        axis.xaxis.set_major_formatter("{x:.0%}")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    handles = [
        Line2D([], [], color=INK, marker="o", markerfacecolor=face, linestyle="none", label=label)
        for face, label in ((INK, "images trained on"), (PAPER, "images never seen"))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    means = memorised.groupby("variant").seen.mean()
    said = (f"{name} {means[name]:.0%}" for name in names)
    message(figure, f"Wrong labels learned: {', '.join(said)}")
    return figure


def _shares(axis: Axes, rows: pd.DataFrame, place: int, variant: str) -> None:
    colour = VARIANTS[variant]
    for share, face, words in (("seen", colour, "trained on"), ("unseen", PAPER, "never seen")):
        mean = over_replicates(rows.assign(place=place), "place", share).loc[place]
        axis.errorbar(mean.estimate, place, xerr=arms(mean), fmt="none", color=colour)
        said = f"{variant}, images {words}: {mean.estimate:.0%} [{mean.low:.0%}, {mean.high:.0%}]"
        look = {"color": colour, "markerfacecolor": face, "markersize": 7}
        points(axis, [(mean.estimate, place, said)], marker=MARKERS[variant], **look)
