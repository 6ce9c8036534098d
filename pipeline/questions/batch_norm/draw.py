"""Validation error against the learning rate, and the covariate shift, with and without normalization."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.drawing.style import INK, WIDTH, colour_of, direct, marker_of, message
from pipeline.drawing.svg import points, titled
from pipeline.evaluation.replicates import over_replicates
from pipeline.questions.base import Tables
from pipeline.science import comparison

DASHES = ("-", "--", ":", "-.")


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a column a network: above the errors, a cross where a run diverged; below the shift by layer."""
    runs, shift = tables["runs"], tables["shift"]
    networks = list(runs.network.unique())
    figure = Figure(figsize=(WIDTH, 6.8), layout="constrained")
    axes = figure.subplots(2, len(networks), sharey="row", squeeze=False)
    for column, network in enumerate(networks):
        upper, lower = axes[:, column]
        upper.set(xscale="log", ylim=(0, 100), xlabel="learning rate", title=network)
        upper.xaxis.set_major_formatter("{x:g}")
        _errors(upper, runs[runs.network == network])
        lower.set(yscale="log", xlabel="epoch", ylim=_limits(shift.shift_relative))
        lower.yaxis.set_major_formatter("{x:g}")
        _shift(lower, shift[shift.network == network])
    axes[0, 0].set_ylabel("validation error (%)")
    axes[1, 0].set_ylabel("covariate shift / gradient")
    shown = [
        Line2D([], [], color=colour_of(variant), marker=marker_of(variant), label=variant)
        for variant in runs.variant.unique()
    ]
    shown.append(Line2D([], [], color=INK, marker="x", linestyle="none", label="a run that diverged"))
    figure.legend(handles=shown, loc="outside lower center", ncols=len(shown), frameon=False)
    message(figure, _said(runs))
    return {"figure": figure}


def _errors(axis: Axes, runs: pd.DataFrame) -> None:
    """Draw the mean error at every learning rate with its band, a line a variant."""
    for variant, tried in runs.groupby("variant", sort=False):
        name, colour = str(variant), colour_of(str(variant))
        by_rate = tried.groupby("learning_rate").validation_error
        intervals = {float(rate): comparison.mean_interval(values) for rate, values in by_rate}
        rates, means = list(intervals), [i.estimate for i in intervals.values()]
        axis.plot(rates, means, color=colour, label=name)
        low, high = ([getattr(i, end) for i in intervals.values()] for end in ("low", "high"))
        axis.fill_between(rates, low, high, color=colour, alpha=0.15, linewidth=0)
        gone = tried[tried.diverged]
        axis.plot(gone.learning_rate, gone.validation_error, "x", color=colour, markersize=8)
        marks = [
            (rate, i.estimate, f"{name} at {rate:g}: {i.estimate:.1f} % [{i.low:.1f}, {i.high:.1f}]")
            for rate, i in intervals.items()
        ]
        points(axis, marks, marker=marker_of(name), color=colour, markersize=5)


def _shift(axis: Axes, shift: pd.DataFrame) -> None:
    """Draw the geometric mean of the shift along the epochs, a line a variant and layer."""
    ends = []
    for variant, measured in shift.groupby("variant", sort=False):
        colour = colour_of(str(variant))
        for dashes, (layer, rows) in zip(DASHES, measured.groupby("layer", sort=False), strict=False):
            decades = _decades(rows)
            if decades.empty:
                continue
            mean = 10 ** over_replicates(decades, "epoch", "decades")
            (line,) = axis.plot(mean.index, mean.estimate, dashes, color=colour)
            titled(line, f"{variant}, {layer}")
            axis.fill_between(mean.index, mean.low, mean.high, color=colour, alpha=0.08, linewidth=0)
            ends.append((float(mean.index[-1]), float(mean.estimate.iloc[-1]), str(layer), colour))
    direct(axis, ends)


def _said(runs: pd.DataFrame) -> str:
    """Say up to which learning rate each variant trains without a run that diverges."""
    lasts = {
        str(variant): tried.groupby("learning_rate").diverged.any()
        for variant, tried in runs.groupby("variant", sort=False)
    }
    said = [f"{rates[~rates].index.max():g} with {name}" for name, rates in lasts.items() if not rates.all()]
    return f"Highest learning rate at which no run diverges: {', '.join(said) or 'none'}"


def _decades(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the log10 of the shift, of the epochs in which two training sets or more have one.

    In a dead network the layers below stand still, and where one blew up the shift is infinite.
    """
    seen = rows[np.isfinite(rows.shift_relative) & (rows.shift_relative > 0)]
    seen = seen[seen.groupby("epoch").split.transform("nunique") > 1]
    return seen.assign(decades=np.log10(seen.shift_relative))


def _limits(values: pd.Series) -> tuple[float, float]:
    """Return the decades that hold the values: a band of few runs may reach far beyond them."""
    seen = values[np.isfinite(values) & (values > 0)]
    if seen.empty:
        return 0.1, 1.0
    return 10.0 ** np.floor(np.log10(seen.min())), 10.0 ** np.ceil(np.log10(seen.max()))
