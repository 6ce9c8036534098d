"""The change of the test error of every variant, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.compare.differences import Difference
from pipeline.compare.scores import ENDPOINT
from pipeline.drawing.style import WIDTH
from pipeline.science.metrics import METRICS

# The colours of Okabe and Ito; grey is a change that may be chance.
COLOURS = {"better": "#0072b2", "worse": "#d55e00"}
NEITHER = "#7f7f7f"


def draw(differences: Sequence[Difference]) -> Figure:
    """Draw B minus A with its interval, a line a variant, a panel a setting."""
    changes = [difference for difference in differences if difference.metric == ENDPOINT]
    settings = list(dict.fromkeys(change.setting for change in changes))
    variants = list(dict.fromkeys(change.variant for change in changes))
    figure = Figure(figsize=(WIDTH, 0.32 * len(variants) + 1.3), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        for change in changes:
            if change.setting == setting:
                axis.errorbar(
                    change.estimate,
                    variants.index(change.variant),
                    xerr=change.half,
                    fmt="o",
                    color=colour(change),
                    elinewidth=2,
                    markersize=6,
                )
        axis.axvline(0.0, color=NEITHER, linewidth=1, zorder=0)
        axis.set(title=setting)
        axis.xaxis.set_major_locator(MaxNLocator(4))
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    metric = METRICS[ENDPOINT]
    figure.supxlabel(f"change of {metric.label}, B minus A ({metric.difference_unit})", fontsize=11)
    return figure


def colour(difference: Difference) -> str:
    """Return the colour of a verdict."""
    return COLOURS.get(difference.word, NEITHER) if difference.beyond_chance else NEITHER
