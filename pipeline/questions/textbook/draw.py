"""The paired initialisations of the textbook program."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import COLOURS, INK, LINE, MARKERS, SMALL, VARIANTS, message, panels
from pipeline.drawing.svg import points, titled
from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.textbook.measure import MARGIN
from pipeline.science import comparison
from pipeline.science.comparison import Interval
from pipeline.science.median import paired_median
from pipeline.science.verdicts import Evidence
from pipeline.system.words import counted

FAR = 3.0  # interquartile ranges beyond the quartiles: a pair there is named


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the errors, pair by pair; and mean and median difference with limits, on what counts as none.

    There is no figure where the study has no such setting.
    """
    rows = tables["pairs"][tables["pairs"].metric == "test_error"]
    if rows.empty:
        return {}
    figure, (pairs, differences) = panels(["a line a pair of runs", "difference"], height=3.4)
    outlier = outliers(rows)
    for row in rows.itertuples():
        far = row.Index in outlier.index
        (line,) = pairs.plot([0, 1], [row.baseline, row.dropout], color=INK if far else LINE, zorder=1)
        titled(line, f"{_name(row)}: {row.baseline:.2f} % without, {row.dropout:.2f} % with dropout")
    for place, name in enumerate(("baseline", "dropout")):
        marker = MARKERS[name]
        pairs.plot([place] * len(rows), rows[name], marker, color=VARIANTS[name], markersize=6)
    pairs.set_xticks([0, 1], ["without dropout", "with dropout"])
    pairs.set(xlim=(-0.4, 1.6), ylabel="test error (%)")
    values = replicate_means(rows, "difference")
    mean, median = comparison.mean_interval(values), paired_median("", "", "", values, MARGIN)
    differences.axvspan(-MARGIN, MARGIN, color=LINE, alpha=0.5, zorder=0)
    differences.axvline(0, color=COLOURS["baseline"], linewidth=1)
    marks = [
        (row.difference, 0.0, f"{_name(row)}: {row.difference:+.2f} points") for row in rows.itertuples()
    ]
    points(differences, marks, marker="|", color=VARIANTS["dropout"], markersize=12)
    limited: tuple[Interval | Evidence, ...] = (mean, median)
    for place, of in enumerate(limited, start=1):
        arms = [[of.estimate - of.low], [of.high - of.estimate]]
        differences.errorbar(of.estimate, place, xerr=arms, fmt="o", color=VARIANTS["dropout"], elinewidth=2)
    for row in outlier.itertuples():
        pairs.annotate(
            _name(row), (1, row.dropout), (8, 0), textcoords="offset points", va="center", fontsize=SMALL
        )
        differences.annotate(
            _name(row),
            (row.difference, -0.15),
            (0, -14),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
    differences.set_yticks([0, 1, 2], ["pairs", "mean", "median"])
    differences.set(ylim=(-0.9, 2.7), xlabel="dropout minus baseline (points); grey: counts as none")
    inside = max(abs(mean.low), abs(mean.high)) <= MARGIN
    said = (
        "makes no difference that counts"
        if inside
        else f"changes the test error by {mean.estimate:+.2f} points on average"
    )
    message(figure, f"Dropout(0.2) {said}, over {counted(len(rows), 'pair')} of runs")
    return {"figure": figure}


def outliers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs whose difference lies far from those of all others."""
    low, high = rows.difference.quantile([0.25, 0.75])
    reach = FAR * (high - low)
    return rows[(rows.difference < low - reach) | (rows.difference > high + reach)]


def _name(row: object) -> str:
    """Name a pair by what differs between pairs, its initialisation."""
    return f"initialisation {row.init}"  # type: ignore[attr-defined]
