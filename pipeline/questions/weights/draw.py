"""How sparse and how even the weights are, and what pruning costs."""

from __future__ import annotations

from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, by_replicate, colour_of
from pipeline.questions.base import Tables

MEASURES = {
    "near_zero": "share below 0.001",
    "exact_zeros": "share of exact zeros",
    "hoyer": "Hoyer's index",
    "participation_ratio": "participation",
}
SMALLEST = 1e-3  # singular values below are rounding


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a row a setting: four measures, live weights filled and all weights hollow; pruning; spectrum."""
    spread, pruning, spectrum = tables["spread"], tables["pruning"], tables["spectrum"]
    spread = spread[spread.kernels == "all"]
    settings = list(spread.setting.unique())
    figure = Figure(figsize=(WIDTH, 3.0 * len(settings)), layout="constrained")
    count = len(MEASURES)
    widths = [*[1.0] * count, 1.6, 1.6]
    axes = figure.subplots(len(settings), count + 2, squeeze=False, width_ratios=widths)
    for row, setting in enumerate(settings):
        weights_of = spread[spread.setting == setting]
        variants = list(weights_of.variant.unique())
        for column, (name, label) in enumerate(MEASURES.items()):
            axis = axes[row, column]
            for place, variant in enumerate(variants):
                for weights, filled in (("live", colour_of(variant)), ("all", "none")):
                    of_variant = weights_of[weights_of.variant == variant]
                    values = of_variant[of_variant.weights == weights][name]
                    axis.plot([place] * len(values), values, "o", color=colour_of(variant), mfc=filled, ms=4)
            axis.set_xticks(range(len(variants)), variants, rotation=60, fontsize=8)
            axis.set_title(label, fontsize=9)
            axis.set_ylim(bottom=0)
        for variant in variants:
            curves = pruning[(pruning.setting == setting) & (pruning.variant == variant)]
            by_replicate(axes[row, count], curves, "share", "error", colour_of(variant), label=variant)
            values = spectrum[(spectrum.setting == setting) & (spectrum.variant == variant)]
            by_replicate(
                axes[row, count + 1], values, "place", "value", colour_of(variant), variant, line="-"
            )
        axes[row, 0].set_ylabel(setting)
        axes[row, count].set_title("test error (%), pruned", fontsize=9)
        axes[row, count].set_xlabel("share of live weights set to 0", fontsize=9)
        axes[row, count].legend(fontsize=7)
        axes[row, count + 1].set(yscale="log", ylim=(SMALLEST, None))
        axes[row, count + 1].set_xlabel("place", fontsize=9)
        axes[row, count + 1].set_title("singular values, first kernel", fontsize=9)
    return {"figure": figure}
