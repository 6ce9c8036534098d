"""Which method wins where, what data size changes, and what dropout gains by the size of the network."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.drawing.style import (
    BIAS,
    HALF,
    INK,
    LINE,
    PAPER,
    SMALL,
    WIDTH,
    arms,
    colour_of,
    direct,
    marker_of,
    message,
)
from pipeline.drawing.svg import points, titled
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.choice import gains
from pipeline.questions.choice.measure import tied_with
from pipeline.questions.choice.reversals import Place, sizes_of
from pipeline.science import comparison
from pipeline.system.words import counted, of

TIES = "////"  # how the field of a method is hatched that is not told from the best


def draw(tables: Tables) -> dict[str, Figure]:
    """Return the `map` of winners; `sizes`, the change by data size; and `gains`, dropout's by network."""
    runs, winners = tables["runs"], tables["winners"]
    figures = {"map": _map(runs, winners)}
    if line := sizes_of(runs):
        figures["sizes"] = _sizes(line)
    if grid := gains.by_size(runs):
        figures["gains"] = _gains(gains.table(grid))
    return figures


def _sizes(line: list[Place]) -> Figure:
    """Draw the change against the baseline along conditions that differ in data size."""
    figure = Figure(figsize=(HALF, 3.4), layout="constrained")
    axis = figure.subplots()
    axis.axhline(0, color=colour_of(BASELINE), linewidth=1)
    axis.set(xlabel="training images", ylabel="change of test error (points)", xscale="log")
    shared = [name for name in line[0].errors if all(name in place.errors for place in line)]
    at, ends, changed = [place.value for place in line], [], {}
    for method in shared:
        if method == BASELINE:
            continue
        changes = [place.errors[method] - place.errors[BASELINE] for place in line]
        intervals = [comparison.mean_interval(values) for values in changes]
        colour = colour_of(method)
        axis.plot(at, [i.estimate for i in intervals], color=colour, label=method)
        low, high = ([getattr(i, end) for i in intervals] for end in ("low", "high"))
        axis.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        marks = [
            (x, i.estimate, f"{method}, {x:,} images: {i.estimate:+.2f} [{i.low:+.2f}, {i.high:+.2f}] points")
            for x, i in zip(at, intervals, strict=True)
        ]
        points(axis, marks, marker=marker_of(method), color=colour, markersize=5)
        end = max(range(len(at)), key=lambda place: at[place])
        ends.append((at[end], intervals[end].estimate, method, colour))
        changed[method] = dict(zip(at, (i.estimate for i in intervals), strict=True))
    ticks = sorted(set(at))
    axis.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axis.minorticks_off()
    direct(axis, ends)
    few, many = (f"{size:,}" for size in (ticks[0], ticks[-1]))
    first, last = (min(changed, key=lambda name: changed[name][size]) for size in (ticks[0], ticks[-1]))
    same = f"{few} and with {many} images: {first}"
    message(figure, f"Best with {same if first == last else f'{few} images: {first}; {many}: {last}'}")
    return figure


def _gains(rows: pd.DataFrame) -> Figure:
    """Draw the gain of dropout over the better baseline: a line a width, along the depth."""
    figure = Figure(figsize=(HALF, 3.4), layout="constrained")
    axis = figure.subplots()
    axis.axhline(0, color=colour_of(BASELINE), linewidth=1)
    axis.set(xlabel="hidden layers", ylabel="dropout gains (points)")
    depths, ends = sorted(rows.depth.unique()), []
    for place, (width, of_width) in enumerate(rows.groupby("width")):
        shift = 0.06 * place  # so that the bars do not lie on each other
        at = [depths.index(depth) + shift for depth in of_width.depth]
        line, marker = ("-", "--", ":", "-.")[place % 4], "os^v"[place % 4]
        colour, name = colour_of("dropout"), f"{width} units"
        axis.plot(at, of_width.estimate, line, color=colour, label=name)
        for x, (_, row) in zip(at, of_width.iterrows(), strict=True):
            axis.errorbar(x, row.estimate, yerr=arms(row), fmt="none", color=INK, elinewidth=1)
            said = f"{row.depth:g} x {width}: {row.estimate:+.2f} [{row.low:+.2f}, {row.high:+.2f}] points"
            points(axis, [(x, row.estimate, said)], marker=marker, color=colour)
        ends.append((at[-1], float(of_width.estimate.iloc[-1]), name, INK))
    axis.set_xticks(range(len(depths)), depths)
    direct(axis, ends)
    message(figure, f"Dropout helps {of(int((rows.low > 0).sum()), len(rows))} network sizes")
    return figure


def _map(runs: pd.DataFrame, winners: pd.DataFrame) -> Figure:
    """Draw a row a condition and a column a method that wins or ties anywhere."""
    shown = {name for row in winners.itertuples() for name in (row.best, *tied_with(row))}
    methods = [name for name in dict.fromkeys(runs.method) if name in shown]
    trained = set(zip(runs.condition, runs.method, strict=True))
    figure = Figure(figsize=(WIDTH, 0.3 * len(winners) + 1.9), layout="constrained")
    axis = figure.subplots()
    for y, row in enumerate(winners.itertuples()):
        tied = tied_with(row)
        for x, method in enumerate(methods):
            if (row.condition, method) not in trained:
                _field(axis, x, y, f"{method} was not trained in {row.condition}", "", LINE)
            elif method == row.best:
                _field(axis, x, y, f"{method} has the lowest error in {row.condition}", "best", BIAS)
            elif method in tied:
                said = f"{method} in {row.condition}: not told from {row.best}"
                _field(axis, x, y, said, "tie", PAPER, TIES)
    axis.set_xticks([x + 0.5 for x in range(len(methods))], methods, rotation=30, ha="left")
    axis.set_yticks([y + 0.5 for y in range(len(winners))], winners.condition)
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axis.set(xlim=(0, len(methods)), ylim=(len(winners), 0))
    axis.grid(visible=False)
    counts = winners.best.value_counts()
    scope = f"{counts.iloc[0]} of {counted(len(winners), 'condition')}"
    said = f"{counts.index[0]} has the lowest error in {scope}"
    message(figure, f"No method wins everywhere: {said}" if len(counts) > 1 else said)
    return figure


def _field(axis: Axes, x: int, y: int, said: str, word: str, colour: str, hatch: str = "") -> None:
    """Fill a field of the map, with a word on it that does without the colour."""
    (patch,) = axis.fill(
        [x, x + 1, x + 1, x], [y, y, y + 1, y + 1], facecolor=colour, edgecolor=LINE, hatch=hatch or None
    )
    titled(patch, said)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5} if hatch else None
    axis.text(x + 0.5, y + 0.5, word, ha="center", va="center", fontsize=SMALL, color=INK, bbox=box)
