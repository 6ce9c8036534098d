"""Where the weights and the gradients lie, where useless pixels stand beside the real ones."""

from __future__ import annotations

from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, colour_of
from pipeline.evaluation.replicates import replicate_means
from pipeline.params import TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.science import comparison

TITLES = {"weights": "squared weights, first layer", "gradients": "squared input gradients"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a row a setting, a column a mass: the share on real pixels by variant, with its 95 % interval."""
    attention = tables["attention"]
    settings = list(attention.setting.unique())
    if not settings:
        return {}
    figure = Figure(figsize=(WIDTH, 2.8 * len(settings)), layout="constrained")
    axes = figure.subplots(len(settings), len(TITLES), sharey=True, squeeze=False)
    for row, setting in enumerate(settings):
        of_setting = attention[attention.setting == setting]
        variants = list(of_setting.variant.unique())
        for axis, (column, title) in zip(axes[row], TITLES.items(), strict=True):
            for place, variant in enumerate(variants):
                rows = of_setting[of_setting.variant == variant]
                colour = colour_of("baseline" if variant == TUNED_BASELINE else variant)
                mean = comparison.mean_interval(replicate_means(rows, column))
                axis.plot([place] * len(rows), rows[column], ".", color=colour, alpha=0.3)
                axis.plot([place, place], [mean.low, mean.high], color=colour, linewidth=2)
                axis.plot(place, mean.estimate, "o", color=colour)
            axis.axhline(0.5, color="black", linewidth=1, linestyle="--")
            axis.set_xticks(range(len(variants)), variants, rotation=30, fontsize=9)
            axis.set_title(title, fontsize=10)
        axes[row, 0].set_ylabel(f"{setting}: share on real pixels", fontsize=9)
    return {"attention": figure}
