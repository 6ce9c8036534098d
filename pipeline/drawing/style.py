"""The one look of all figures."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from pipeline.drawing import svg
from pipeline.evaluation.replicates import over_replicates
from pipeline.system.lean import lean

with lean("scipy.cluster", "scipy.stats", "statsmodels"):  # for plots of kinds that are not drawn here
    import seaborn as sns

mpl.use("Agg")

# Hues that the colour-blind can tell apart, dark enough for letters on white (4.5:1); the baseline is grey.
# A marker goes with each, for whoever sees no hue at all.
COLOURS = {
    "baseline": "#6b6b6b",
    "weights": "#0067a8",
    "noise": "#b84a00",
    "stopping": "#00765a",
    "normalization": "#a8417f",
    "targets": "#8a6100",
    "data": "#6b3d12",
    "averaging": "#3b5bb5",
    "combination": "#7a2f91",
}
# Variants that the questions look at: two of a family may meet in one panel.
VARIANTS = {
    "baseline": COLOURS["baseline"],
    "l1": "#3a7d9e",
    "l2": COLOURS["weights"],
    "dropout": COLOURS["noise"],
    "early_stopping": COLOURS["stopping"],
    "batch_norm": COLOURS["normalization"],
}
MARKERS = {"baseline": "o", "l1": "v", "l2": "s", "dropout": "D", "early_stopping": "^", "batch_norm": "P"}
INK, SOFT, LINE, PAPER = "#262626", "#59636e", "#d0d4d8", "#ffffff"
BIAS, VARIANCE = "#a9cbe4", "#f2cf86"  # areas with letters on them
OTHER = "#1f2328"  # a variant or a family of one's own
# What stands for a colour on a dark page.
DARK = {
    "#404040": "#d0d0d0",
    "#6b6b6b": "#a3a3a3",
    "#0067a8": "#5fb2ec",
    "#b84a00": "#f58a45",
    "#00765a": "#3cc6a0",
    "#a8417f": "#e48cc0",
    "#8a6100": "#d9a520",
    "#6b3d12": "#c79466",
    "#3b5bb5": "#93a8f0",
    "#7a2f91": "#cf8fe3",
    "#3a7d9e": "#86c3dd",
    INK: "#e6e9ec",
    SOFT: "#a7b0ba",
    LINE: "#3a424b",
    PAPER: "#14181d",
    BIAS: "#27506d",
    VARIANCE: "#6b5218",
    OTHER: "#eceff2",
}
End = tuple[float, float, str, str]  # of a line, at its right: x, y, name and colour
WIDTH = 8.4  # inches, the width of a page of text
HALF = 4.0  # of a figure that has another beside it, and a phone's whole width
SMALL = 9.0  # points: the smallest letters, which are 12 pixels as drawn and 9 on a narrow screen


def colour_of(variant: str) -> str:
    """Return the colour of a variant in the figures of the questions."""
    return VARIANTS.get(variant, OTHER)


def marker_of(variant: str) -> str:
    """Return the marker of a variant in the figures of the questions."""
    return MARKERS.get(variant, "X")


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
            "axes.edgecolor": SOFT,
            "axes.labelcolor": INK,
            "axes.labelsize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "figure.dpi": 140,
            "figure.titlesize": 11,
            "font.sans-serif": ["DejaVu Sans"],  # which comes with matplotlib
            "font.size": 10,
            "grid.color": LINE,
            "grid.linewidth": 0.6,
            "hatch.linewidth": 0.6,
            "legend.fontsize": SMALL,
            "legend.title_fontsize": SMALL,
            "savefig.bbox": "tight",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
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


def save_both(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure as PNG, which markdown shows, and as SVG, which the page for a browser holds."""
    save(figure, folder / f"{name}.png")
    (folder / f"{name}.svg").write_text(svg.drawn(figure), encoding="utf-8")


def message(figure: Figure, text: str, width: int = 0) -> None:
    """Put what a figure says on top of it, in as many lines as it takes."""
    fits = width or int(figure.get_figwidth() * 11.5)
    figure.suptitle(textwrap.fill(text, fits), x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)


def direct(axis: Axes, ends: Sequence[End]) -> None:
    """Name lines at their right ends, given as x, y, name and colour; names that would overlap move apart."""
    assert isinstance(axis.figure, Figure)
    axis.figure.draw_without_rendering()  # which lays the axes out

    def height(y: float) -> float:
        return float(axis.transData.transform((0, y))[1]) * 72 / axis.figure.dpi

    bottom, top = (height(limit) for limit in axis.get_ylim())
    step, places = SMALL * 1.3, list[float]()
    order = sorted(ends, key=lambda end: end[1])
    for _, y, _, _ in order:
        places.append(max(height(y), places[-1] + step if places else bottom))
    shift = max(0.0, (places[-1] - top) / 2) if places else 0.0
    for (x, y, name, colour), place in zip(order, places, strict=True):
        at = (6, place - shift - height(y))
        axis.annotate(name, (x, y), at, textcoords="offset points", va="center", fontsize=SMALL, color=colour)


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
    axis: Axes, rows: pd.DataFrame, x: str, y: str, colour: str, label: str, marker: str = "", line: str = "-"
) -> End:
    """Draw what `over_replicates` returns, as a line with its band; return its right end and name."""
    means = over_replicates(rows, x, y)
    axis.plot(means.index, means.estimate, line, color=colour, label=label)
    axis.fill_between(means.index, means.low, means.high, color=colour, alpha=0.15, linewidth=0)
    if marker:
        marks = [
            (at, row.estimate, f"{label} at {at:g}: {row.estimate:.4g} [{row.low:.4g}, {row.high:.4g}]")
            for at, row in means.iterrows()
        ]
        svg.points(axis, marks, marker=marker, color=colour, markersize=4)
    return float(means.index[-1]), float(means.estimate.iloc[-1]), label, colour
