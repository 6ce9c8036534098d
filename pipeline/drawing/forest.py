"""Estimates with intervals, one line a variant, one panel a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.drawing.style import COLOURS, WIDTH, arms, of_family
from pipeline.params import BASELINE, TUNED_BASELINE


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
    variants = [name for name in families if name in set(rows.variant)]
    figure = Figure(figsize=(WIDTH, 0.28 * len(variants) + 1.2), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        of_setting = rows[rows.setting == setting].set_index("variant")
        for place, variant in enumerate(variants):
            if variant in of_setting.index:
                row = of_setting.loc[variant]
                axis.errorbar(
                    row.estimate,
                    place,
                    xerr=arms(row),
                    fmt="o",
                    color=of_family(families[variant]),
                    markerfacecolor="white" if variant == TUNED_BASELINE else None,
                    elinewidth=2,
                    markersize=5,
                )
        zero = of_setting.estimate[reference] if reference else 0.0
        axis.axvline(zero, color=COLOURS[BASELINE], linewidth=1, zorder=1)  # above the grid
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.tick_params(labelsize=9)
        axis.set(title=setting)
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    figure.supxlabel(label, fontsize=11)
    return figure
