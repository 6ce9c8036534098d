"""The gap of every variant, how it opens over the epochs, and the wrong labels learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pipeline.drawing.forest import forest
from pipeline.drawing.style import COLOURS, INK, PAPER, WIDTH, message, of_family
from pipeline.drawing.svg import points
from pipeline.evaluation.replicates import replicate_means
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.overfitting.measure import CURVES
from pipeline.science import comparison
from pipeline.system.words import capital, of

TUNED = "#404040"  # a darker grey, where both baselines meet
SEEN = 1.6  # times the highest end of a curve: the first epochs would press all that follows flat
GAP = "test minus train cross-entropy (nats)"
FEW = 4  # curves that are shown at once, one a family; all are folded away


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the gaps, a few curves, the wrong labels learned, and every curve of every setting."""
    gaps, curves = tables["gaps"], tables["curves"]
    families = dict(tables["families"].itertuples(index=False))
    figures = {"gap": _gap(gaps, families)}
    for setting, rows in list(curves.groupby("setting", sort=False))[:1]:
        few = few_of(rows.variant.unique(), families)
        figures["curves"] = over_epochs(rows[rows.variant.isin([BASELINE, *few])], families)
        message(figures["curves"], _turns(rows, str(setting)))
    if len(tables["study/memorised"]):
        figures["wrong_labels"] = _wrong_labels(tables["study/memorised"], families)
    for setting, rows in curves.groupby("setting", sort=False):
        figures[f"curves_{setting}"] = over_epochs(rows, families)
        message(figures[f"curves_{setting}"], _turns(rows, str(setting)))
    return figures


def few_of(variants: Sequence[str], families: Mapping[str, str]) -> list[str]:
    """Return the first variant of each of the first families; the baselines are none."""
    firsts: dict[str, str] = {}
    for variant in variants:
        if variant not in (BASELINE, TUNED_BASELINE):
            firsts.setdefault(families[variant], variant)
    return list(firsts.values())[:FEW]


def _gap(gaps: pd.DataFrame, families: Mapping[str, str]) -> Figure:
    figure = forest(gaps, families, list(gaps.setting.unique()), GAP, reference=BASELINE)
    plain = gaps[gaps.variant == BASELINE].set_index("setting").estimate
    others = gaps[~gaps.variant.isin([BASELINE, TUNED_BASELINE])]
    narrower = (others.estimate < others.setting.map(plain)).groupby(others.variant).all()
    said = f"{of(int(narrower.sum()), len(narrower))} methods narrow the gap in every setting"
    message(figure, capital(said))
    return figure


def _turns(rows: pd.DataFrame, setting: str) -> str:
    """Say after which epoch the baseline's loss on unseen images rises."""
    curve = _curve(rows, BASELINE, "validation_cross_entropy").estimate
    if curve.empty or curve.idxmin() == curve.index[-1]:
        return f"In {setting}, the loss on unseen images falls to the end, and the gap opens"
    return f"In {setting}, the baseline's loss on unseen images rises after epoch {curve.idxmin()}"


def over_epochs(rows: pd.DataFrame, families: Mapping[str, str]) -> Figure:
    """Draw cross-entropy over the epochs on train and validation, with bands; the gap is shaded."""
    variants = [variant for variant in rows.variant.unique() if variant != BASELINE]
    across = min(4, max(len(variants), 1))
    down = max(-(-len(variants) // across), 1)
    figure = Figure(figsize=(WIDTH, 1.9 * down + 1.2), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for variant, axis in zip(variants, axes.flat, strict=False):
        colour = TUNED if variant == TUNED_BASELINE else of_family(families[variant])
        for name, shade in ((BASELINE, COLOURS[BASELINE]), (variant, colour)):
            parts = {metric: _curve(rows, name, metric) for metric in CURVES}
            for metric, part in parts.items():
                axis.plot(part.index, part.estimate, CURVES[metric], color=shade, linewidth=1.5)
                axis.fill_between(part.index, part.low, part.high, color=shade, alpha=0.2, linewidth=0)
        train, validation = parts.values()
        axis.fill_between(
            train.index, train.estimate, validation.estimate, color=colour, alpha=0.1, linewidth=0
        )
        axis.set_title(variant, color=colour)
    for axis in list(axes.flat)[len(variants) :]:
        axis.set_visible(False)
    ends = rows[rows.metric == "validation_cross_entropy"].groupby("variant", sort=False).estimate.last()
    axes[0, 0].set_ylim(0, np.nanmin([SEEN * ends.max(), axes[0, 0].get_ylim()[1]]))
    shown = [
        Line2D([], [], color=INK, label="validation"),
        Line2D([], [], color=INK, linestyle=":", label="train"),
        Patch(color=INK, alpha=0.1, label="the gap"),
        Line2D([], [], color=COLOURS[BASELINE], label="baseline"),
    ]
    figure.legend(handles=shown, loc="outside lower center", ncols=len(shown), frameon=False)
    figure.supxlabel("epoch", fontsize=10)
    figure.supylabel("cross-entropy (nats)", fontsize=10)
    return figure


def _curve(rows: pd.DataFrame, variant: str, metric: str) -> pd.DataFrame:
    return rows[(rows.variant == variant) & (rows.metric == metric)].set_index("epoch")


def _wrong_labels(memorised: pd.DataFrame, families: Mapping[str, str]) -> Figure:
    """Draw the shares of wrong labels that are put out: filled for images trained on, hollow for others."""
    shares = memorised.groupby(["setting", "variant"], sort=False)
    settings = list(memorised.setting.unique())
    means = shares.seen.mean()[settings[0]].sort_values(ascending=False)
    figure = Figure(figsize=(WIDTH, 0.26 * len(means) + 1.3), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for setting, axis in zip(settings, axes, strict=True):
        for place, variant in enumerate(means.index):
            if (setting, variant) not in shares.groups:
                continue
            rows, colour = shares.get_group((setting, variant)), of_family(families[variant])
            for share, face, words in (("seen", colour, "trained on"), ("unseen", PAPER, "never seen")):
                mean = comparison.mean_interval(replicate_means(rows, share))
                said = f"{variant} in {setting}, images {words}: {mean.estimate:.0%} of the wrong labels"
                axis.plot([mean.low, mean.high], [place, place], color=colour, linewidth=2)
                look = {"color": colour, "markerfacecolor": face, "markersize": 7}
                points(axis, [(mean.estimate, place, said)], marker="o", **look)
        axis.set(xlim=(-0.03, 1.03), title=setting, xlabel="share of wrong labels that are put out")
        axis.xaxis.set_major_formatter("{x:.0%}")
    axes[0].set_yticks(range(len(means)), means.index)
    axes[0].invert_yaxis()
    for at, words in ((means.iloc[0], "trained on"), (0.0, "never seen")):
        axes[0].annotate(words, (at, -0.75), ha="right" if at else "left", fontsize=9, annotation_clip=False)
    axes[0].set_ylim(len(means) - 0.5, -1.2)
    least = means.drop([BASELINE, TUNED_BASELINE], errors="ignore")
    text = f"The baseline repeats {means.get(BASELINE, np.nan):.0%} of the wrong labels it was trained on"
    message(figure, f"{text}, {least.idxmin()} {least.min():.0%}" if len(least) else text)
    return figure
