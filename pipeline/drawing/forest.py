"""Estimates with intervals, one line a variant, one panel a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.drawing.style import COLOURS, PAPER, WIDTH, arms, of_family
from pipeline.drawing.svg import points
from pipeline.params import BASELINE, TUNED_BASELINE

ABREAST = 4  # panels


def forest(
    rows: pd.DataFrame,
    families: Mapping[str, str],
    settings: Sequence[str],
    label: str,
    reference: str | None = None,
) -> Figure:
    """Draw `rows`, a row a setting and variant, in the order of `families`, whose colours they have.

    A line marks the estimate of the `reference` in each panel, or zero.
    """
    across = min(len(settings), ABREAST)
    in_rows = [settings[at : at + across] for at in range(0, len(settings), across)]
    named = [set(rows[rows.setting.isin(names)].variant) for names in in_rows]
    lines = [[name for name in families if name in there] for there in named]
    heights = [0.24 * len(variants) + 0.5 for variants in lines]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
    axes = figure.subplots(len(lines), across, sharey="row", squeeze=False, height_ratios=heights)
    for at, (setting, axis) in enumerate(zip(settings, axes.flat, strict=False)):
        variants = lines[at // across]
        of_setting = rows[rows.setting == setting].set_index("variant")
        for place, variant in enumerate(variants):
            if variant in of_setting.index:
                row = of_setting.loc[variant]
                colour = of_family(families[variant])
                axis.errorbar(row.estimate, place, xerr=arms(row), fmt="none", color=colour, elinewidth=2)
                said = f"{variant} in {setting}: {row.estimate:.3f} [{row.low:.3f}, {row.high:.3f}]"
                face = PAPER if variant == TUNED_BASELINE else colour
                points(
                    axis,
                    [(row.estimate, place, said)],
                    marker="o",
                    color=colour,
                    markerfacecolor=face,
                    markersize=5,
                )
        zero = of_setting.estimate[reference] if reference else 0.0
        axis.axvline(zero, color=COLOURS[BASELINE], linewidth=1, zorder=1)  # above the grid
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.set(title=setting)
    for spare in list(axes.flat)[len(settings) :]:
        spare.remove()
    for row, variants in zip(axes, lines, strict=True):
        row[0].set_yticks(range(len(variants)), variants)
        row[0].invert_yaxis()
    figure.supxlabel(label, fontsize=10)
    return figure
