"""The paired initialisations of the textbook program."""

from __future__ import annotations

from matplotlib.figure import Figure

from pipeline.drawing.style import VARIANTS, panels
from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.textbook.measure import MARGIN
from pipeline.science import comparison
from pipeline.science.comparison import Interval
from pipeline.science.median import paired_median
from pipeline.science.verdicts import Evidence


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the errors, pair by pair; and mean and median difference with limits, on what counts as none.

    There is no figure where the study has no such setting.
    """
    rows = tables["pairs"][tables["pairs"].metric == "test_error"]
    if rows.empty:
        return {}
    figure, (pairs, differences) = panels(["test error, a line a run", "difference"], height=3.4)
    for row in rows.itertuples():
        pairs.plot([0, 1], [row.baseline, row.dropout], color="#c0c0c0", linewidth=1, zorder=1)
    for place, name in enumerate(("baseline", "dropout")):
        pairs.plot([place] * len(rows), rows[name], "o", color=VARIANTS[name], markersize=6)
    pairs.set_xticks([0, 1], ["baseline", "dropout"])
    pairs.set(xlim=(-0.4, 1.4), ylabel="test error (%)")
    values = replicate_means(rows, "difference")
    mean, median = comparison.mean_interval(values), paired_median("", "", "", values, MARGIN)
    differences.axvspan(-MARGIN, MARGIN, color="#e6e6e6", zorder=0)
    differences.axvline(0, color=VARIANTS["baseline"], linewidth=1)
    differences.plot(rows.difference, [0] * len(rows), "|", color=VARIANTS["dropout"], markersize=12)
    limited: tuple[Interval | Evidence, ...] = (mean, median)
    for place, of in enumerate(limited, start=1):
        arms = [[of.estimate - of.low], [of.high - of.estimate]]
        differences.errorbar(of.estimate, place, xerr=arms, fmt="o", color=VARIANTS["dropout"], elinewidth=2)
    differences.set_yticks([0, 1, 2], ["pairs", "mean", "median"])
    differences.set(ylim=(-0.7, 2.7), xlabel="dropout minus baseline (points)")
    return {"figure": figure}
