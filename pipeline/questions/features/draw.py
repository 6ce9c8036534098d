"""Where the weights and the gradients lie, where useless pixels stand beside the real ones."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import INK, SMALL, WIDTH, colour_of, marker_of, message
from pipeline.drawing.svg import points
from pipeline.evaluation.replicates import replicate_means
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.science import comparison

TITLES = {"weights": "squared weights, first layer", "gradients": "squared input gradients"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a row a setting, a column a mass: the share on real pixels by variant, with its 95 % interval."""
    attention = tables["attention"]
    settings = list(attention.setting.unique())
    if not settings:
        return {}
    figure = Figure(figsize=(WIDTH, 2.6 * len(settings) + 0.4), layout="constrained")
    axes = figure.subplots(len(settings), len(TITLES), sharey=True, squeeze=False)
    for row, setting in enumerate(settings):
        of_setting = attention[attention.setting == setting]
        variants = list(of_setting.variant.unique())
        for axis, (column, title) in zip(axes[row], TITLES.items(), strict=True):
            for place, variant in enumerate(variants):
                rows = of_setting[of_setting.variant == variant]
                kind = BASELINE if variant == TUNED_BASELINE else variant
                colour = colour_of(kind)
                mean = comparison.mean_interval(replicate_means(rows, column))
                axis.plot([place] * len(rows), rows[column], ".", color=colour, alpha=0.3)
                axis.plot([place, place], [mean.low, mean.high], color=colour, linewidth=2)
                said = f"{variant} in {setting}: {mean.estimate:.0%} [{mean.low:.0%}, {mean.high:.0%}]"
                points(axis, [(place, mean.estimate, said)], marker=marker_of(kind), color=colour)
            axis.axhline(0.5, color=INK, linewidth=1, linestyle="--")
            axis.set_xticks(range(len(variants)), [name.replace("_", "\n") for name in variants])
            axis.set_title(title)
            axis.yaxis.set_major_formatter("{x:.0%}")
        axes[row, 1].annotate(
            "even split", (0.98, 0.5), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", fontsize=SMALL,
        )  # fmt: skip
        axes[row, 0].set_ylabel(f"{setting}: share on real pixels")
    message(figure, _said(attention[attention.setting == settings[0]]))
    return {"attention": figure}


def _said(rows: pd.DataFrame) -> str:
    """Say with which variant the network looks at real pixels most."""
    means = rows.groupby("variant", sort=False).gradients.mean()
    plain, others = means.get(BASELINE, float("nan")), means.drop([BASELINE, TUNED_BASELINE], errors="ignore")
    if others.empty:
        return f"The baseline has {plain:.0%} of its gradient on real pixels"
    most = f"{others.idxmax()} has {others.max():.0%} of its gradient on real pixels"
    return f"{most}, the baseline {plain:.0%}"
