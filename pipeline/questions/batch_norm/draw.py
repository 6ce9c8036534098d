"""Validation error against the learning rate, and the covariate shift, with and without normalization."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, colour_of
from pipeline.evaluation.replicates import over_replicates
from pipeline.questions.base import Tables
from pipeline.science import comparison

DASHES = ("-", "--", ":", "-.")


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a column a network: above the errors, a cross where a run diverged; below the shift by layer."""
    runs, shift = tables["runs"], tables["shift"]
    networks = list(runs.network.unique())
    figure = Figure(figsize=(WIDTH, 6.6), layout="constrained")
    axes = figure.subplots(2, len(networks), sharey="row", squeeze=False)
    for column, network in enumerate(networks):
        upper, lower = axes[:, column]
        for variant, tried in runs[runs.network == network].groupby("variant", sort=False):
            colour = colour_of(str(variant))
            by_rate = tried.groupby("learning_rate").validation_error
            intervals = [comparison.mean_interval(values) for _, values in by_rate]
            rates = list(by_rate.groups)
            upper.plot(
                rates, [i.estimate for i in intervals], "o-", color=colour, markersize=4, label=variant
            )
            upper.fill_between(
                rates,
                [i.low for i in intervals],
                [i.high for i in intervals],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
            gone = tried[tried.diverged]
            upper.plot(gone.learning_rate, gone.validation_error, "x", color=colour, markersize=8)
        for variant, measured in shift[shift.network == network].groupby("variant", sort=False):
            colour = colour_of(str(variant))
            for dashes, (layer, rows) in zip(DASHES, measured.groupby("layer", sort=False), strict=False):
                decades = _decades(rows)
                if decades.empty:
                    continue
                mean = 10 ** over_replicates(decades, "epoch", "decades")
                lower.plot(mean.index, mean.estimate, dashes, color=colour, label=f"{variant}, {layer}")
                lower.fill_between(mean.index, mean.low, mean.high, color=colour, alpha=0.08, linewidth=0)
        upper.set(xscale="log", ylim=(0, 100), xlabel="learning rate")
        upper.set_title(network)
        upper.legend(fontsize=8, title="x: diverged", title_fontsize=8)
        lower.set(yscale="log", xlabel="epoch", ylim=_limits(shift.shift_relative))
        if lower.get_lines():
            lower.legend(fontsize=7)
    axes[0, 0].set_ylabel("validation error (%)")
    axes[1, 0].set_ylabel("covariate shift / gradient")
    return {"figure": figure}


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
