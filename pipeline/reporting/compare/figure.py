"""The change of the test error of every variant, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.reporting.compare.differences import Difference
from pipeline.reporting.style import WIDTH

# Okabe & Ito's; grey is what cannot be told from no change.
BETTER, WORSE, NEITHER = "#0072b2", "#d55e00", "#7f7f7f"


def draw(found: Sequence[Difference]) -> Figure:
    """Draw B minus A with its interval, a line a variant, a panel a setting."""
    errors = [one for one in found if one.metric == "test_error"]
    settings = list(dict.fromkeys(one.setting for one in errors))
    variants = list(dict.fromkeys(one.variant for one in errors))
    figure = Figure(figsize=(WIDTH, 0.32 * len(variants) + 1.3), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        for one in errors:
            if one.setting == setting:
                axis.errorbar(
                    one.estimate,
                    variants.index(one.variant),
                    xerr=one.half,
                    fmt="o",
                    color=colour(one),
                    elinewidth=2,
                    markersize=6,
                )
        axis.axvline(0.0, color=NEITHER, linewidth=1, zorder=0)
        axis.set(title=setting)
        axis.xaxis.set_major_locator(MaxNLocator(4))
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    figure.supxlabel("change of test error, B minus A (points)", fontsize=11)
    return figure


def colour(one: Difference) -> str:
    """Return the colour of a verdict."""
    if not one.beyond_chance:
        return NEITHER
    return WORSE if one.estimate > 0 else BETTER
