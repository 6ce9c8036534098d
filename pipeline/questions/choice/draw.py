"""Which method wins where, and what dropout gains by the size of the network."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, arms, colour_of
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.choice import gains
from pipeline.questions.choice.measure import tied_with
from pipeline.questions.choice.reversals import lines_of
from pipeline.science import comparison

ABSENT = "#e6e6e6"  # the colour of a field whose method was not trained there
TINT = 0.45


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the change of the test error by data size, dropout's gain by network, and the map of winners."""
    runs, winners = tables["runs"], tables["winners"]
    figure = Figure(figsize=(WIDTH, 0.27 * len(winners) + 2.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.3])
    _sizes(figure.add_subplot(grid[0, 0]), runs)
    _gains(figure.add_subplot(grid[1, 0]), gains.table(gains.by_size(runs)))
    _map(figure.add_subplot(grid[:, 1]), runs, winners)
    return {"figure": figure}


def _sizes(axis: Axes, runs: pd.DataFrame) -> None:
    """Draw the change against the baseline along the first line of conditions that differ in data size."""
    axis.set_title("by data size", fontsize=11)
    axis.axhline(0, color=colour_of(BASELINE), linewidth=1)
    axis.set(xlabel="training images", ylabel="error minus baseline's")
    line = next(iter(lines_of(runs[runs.common.astype(bool)], "data size")), [])
    shared = [m for m in (line[0].errors if line else ()) if all(m in place.errors for place in line)]
    for method in shared:
        if method != BASELINE and BASELINE in shared:
            changes = [place.errors[method] - place.errors[BASELINE] for place in line]
            intervals = [comparison.mean_interval(values) for values in changes]
            at, colour = [place.value for place in line], colour_of(method)
            axis.plot(at, [i.estimate for i in intervals], "o-", color=colour, markersize=3, label=method)
            low, high = ([getattr(i, end) for i in intervals] for end in ("low", "high"))
            axis.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    ticks = sorted({place.value for place in line})
    if ticks:
        axis.set_xscale("log")
        axis.set_xticks(ticks, [f"{size:,}" for size in ticks], fontsize=8)
        axis.minorticks_off()
        axis.legend(fontsize=7)


def _gains(axis: Axes, rows: pd.DataFrame) -> None:
    """Draw the gain of dropout over the better baseline: a line a width, along the depth."""
    axis.set_title("gain of dropout by size of the network", fontsize=11)
    axis.axhline(0, color=colour_of(BASELINE), linewidth=1)
    axis.set(xlabel="hidden layers", ylabel="points")
    depths = sorted(rows.depth.unique())
    for place, (width, of_width) in enumerate(rows.groupby("width")):
        shift = 0.06 * place  # so that the bars do not lie on each other
        for _, row in of_width.iterrows():
            place_of = depths.index(row.depth) + shift
            axis.errorbar(place_of, row.estimate, yerr=arms(row), color="black", lw=1)
        at = [depths.index(depth) + shift for depth in of_width.depth]
        line = ("o-", "s--", "^:", "v-.")[place % 4]
        axis.plot(at, of_width.estimate, line, color=colour_of("dropout"), label=f"{width} units")
    axis.set_xticks(range(len(depths)), depths)
    if depths:
        axis.legend(fontsize=7)


def _map(axis: Axes, runs: pd.DataFrame, winners: pd.DataFrame) -> None:
    """Draw a row a condition and a column a method that wins or ties anywhere."""
    shown = {name for row in winners.itertuples() for name in (row.best, *tied_with(row))}
    methods = [name for name in dict.fromkeys(runs.method) if name in shown]
    trained = set(zip(runs.condition, runs.method, strict=True))
    for y, row in enumerate(winners.itertuples()):
        tied = tied_with(row)
        for x, method in enumerate(methods):
            square = ([x, x + 1, x + 1, x], [y, y, y + 1, y + 1])
            if (row.condition, method) not in trained:
                axis.fill(*square, color=ABSENT)
            elif method == row.best:
                axis.fill(*square, color=colour_of(method), alpha=TINT)
                axis.text(x + 0.5, y + 0.5, "best", ha="center", va="center", fontsize=7)
            elif method in tied:
                axis.text(x + 0.5, y + 0.5, "≈", ha="center", va="center", fontsize=9)
    axis.set_xticks([x + 0.5 for x in range(len(methods))], methods, rotation=60, ha="right", fontsize=8)
    axis.set_yticks([y + 0.5 for y in range(len(winners))], winners.condition, fontsize=8)
    axis.set(xlim=(0, len(methods)), ylim=(len(winners), 0))
    axis.set_title("lowest error, and what is not told from it", fontsize=11)
    axis.grid(visible=False)
