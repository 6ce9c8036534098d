"""The one look of all figures."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from pipeline.evaluation.replicates import over_replicates
from pipeline.system.lean import lean

with lean("scipy.cluster", "scipy.stats", "statsmodels"):  # for plots of kinds that are not drawn here
    import seaborn as sns

mpl.use("Agg")

# Okabe & Ito's colours, which the colour-blind can tell apart; the baseline is always grey.
COLOURS = {
    "baseline": "#7f7f7f",
    "weights": "#0072b2",
    "noise": "#d55e00",
    "stopping": "#009e73",
    "normalization": "#cc79a7",
    "targets": "#e69f00",
    "data": "#6b3d12",
    "averaging": "#56b4e9",
    "combination": "#8b3fa0",
}
# Variants that the questions look at: two of a family may meet in one panel.
VARIANTS = {
    "baseline": COLOURS["baseline"],
    "l1": "#56b4e9",
    "l2": COLOURS["weights"],
    "dropout": COLOURS["noise"],
    "early_stopping": COLOURS["stopping"],
    "batch_norm": COLOURS["normalization"],
}
OTHER = "black"  # a variant or a family of one's own
WIDTH = 9.0  # inches: on a page of text the letters come out as large as the text's notes


def colour_of(variant: str) -> str:
    """Return the colour of a variant in the figures of the questions."""
    return VARIANTS.get(variant, OTHER)


def of_family(family: str) -> str:
    """Return the colour of a family of regularizers, whether it is known here or not."""
    return COLOURS.get(family, OTHER)


def use() -> None:
    """Set the look, of which the user's matplotlibrc and fonts change nothing."""
    mpl.rcdefaults()
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        rc={
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.dpi": 140,
            "grid.color": "#e6e6e6",
            "savefig.bbox": "tight",
            "font.sans-serif": ["DejaVu Sans"],  # which matplotlib brings
            "font.size": 11,
        },
    )


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without a date or a version in it.

    Of 256 colours, which lose nothing that can be seen: the page for a browser holds every figure.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, format="PNG", optimize=True, dpi=image.info["dpi"])


def panels(titles: list[str], height: float, most: int = 4) -> tuple[Figure, list[Axes]]:
    """Return a figure of one panel a title, so high each, and no more than `most` side by side."""
    columns = min(len(titles), most)
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(WIDTH, height * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[len(titles) :]:
        spare.remove()
    for axis, title in zip(axes, titles, strict=False):
        axis.set_title(title)
    return figure, axes[: len(titles)]


def arms(row: pd.Series) -> np.ndarray:
    """Return the lengths of an interval below and above its estimate, (2, 1)."""
    return np.array([[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]])


def by_replicate(
    axis: Axes, rows: pd.DataFrame, x: str, y: str, colour: str, label: str, line: str = "o-"
) -> None:
    """Draw what `over_replicates` returns, as a line with its band."""
    means = over_replicates(rows, x, y)
    axis.plot(means.index, means.estimate, line, color=colour, markersize=3, label=label)
    axis.fill_between(means.index, means.low, means.high, color=colour, alpha=0.15, linewidth=0)
