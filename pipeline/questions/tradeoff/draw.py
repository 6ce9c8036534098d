"""Bias and variance along the strengths, and the complexity of the networks at those that were chosen."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from pipeline.drawing.style import BIAS, COLOURS, HALF, INK, SMALL, VARIANCE, WIDTH, message
from pipeline.drawing.svg import points
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import variants_of
from pipeline.questions.tradeoff.claims import COMPLEXITY
from pipeline.system.words import capital, listed, of

PALETTE = (*list(COLOURS.values())[1:],)  # a colour a setting
RISK, TERMS = "squared_error_risk", {"squared_error_bias": "bias²", "squared_error_variance": "variance"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `hero`, the most telling of the `paths`, then all of these, and `complexity`."""
    paths = tables["paths"]
    along = {
        (str(setting), str(variant)): path.pivot(
            index="step", columns="metric", values=["estimate", "low", "high", "strength"]
        )
        for (setting, variant), path in paths.groupby(["setting", "variant"], sort=False)
    }
    figures = {"hero": _hero(along), "paths": _all(along)} if along else {}
    return {**figures, "complexity": _relative(tables["complexity"])}


def _hero(along: dict[tuple[str, str], pd.DataFrame]) -> Figure:
    """Draw the path along which the risk falls most."""
    setting, variant = max(along, key=lambda key: _fall(along[key]))
    path = along[setting, variant]
    figure = Figure(figsize=(HALF, 3.9), layout="constrained")
    axis = figure.subplots()
    _stacked(axis, path, f"{variant} in {setting}")
    bias, variance = (path["estimate"][term] for term in TERMS)
    name, width = variant.replace("_", " "), path.index[-1]
    for height, text in (
        (bias.iloc[0] * 0.5, "bias²: what the average\nnetwork gets wrong"),
        (bias.iloc[0] + variance.iloc[0] * 0.4, "variance: the luck of\nthe training set"),
    ):
        axis.annotate(text, (width * 0.03, height), va="center", fontsize=SMALL + 0.5, color=INK)
    best = path["estimate"][RISK].idxmin()
    axis.annotate(
        "lowest sum",
        (best, path["estimate"][RISK][best]),
        (0, 24),
        textcoords="offset points",
        ha="center" if 0 < best < width else "left" if not best else "right",
        fontsize=SMALL + 0.5,
        arrowprops={"arrowstyle": "-", "color": INK, "shrinkB": 5},
    )
    axis.set_ylim(0, 1.2 * float(path["estimate"][RISK].max()))
    axis.set(xlabel=f"strength of {name} in {setting} →", ylabel="squared error on test images")
    message(figure, f"{name[:1].upper()}{name[1:]}: {_said(path)}")
    return figure


def _said(path: pd.DataFrame) -> str:
    """Say what the strength does to both, from no regularizer to the strength of the lowest risk."""
    best = path["estimate"][RISK].idxmin()
    if not best:
        return "no strength lowers bias² + variance"
    bias, variance = (path["estimate"][term][best] - path["estimate"][term].iloc[0] for term in TERMS)
    return listed(
        [
            f"{'less' if change < 0 else 'more'} {name}"
            for name, change in (("variance", variance), ("bias", bias))
        ],
        "but" if bias * variance < 0 else "and",
    )


def _fall(path: pd.DataFrame) -> float:
    risk = path["estimate"][RISK]
    return float((risk.iloc[0] - risk.min()) / risk.iloc[0])


def _all(along: dict[tuple[str, str], pd.DataFrame]) -> Figure:
    """Draw every path: a row a setting, a column a variant."""
    settings, variants = (list(dict.fromkeys(names)) for names in zip(*along, strict=True))
    figure = Figure(figsize=(WIDTH, 2.2 * len(settings) + 0.6), layout="constrained")
    axes = figure.subplots(len(settings), len(variants), sharey="row", squeeze=False)
    for (setting, variant), path in along.items():
        axis = axes[settings.index(setting), variants.index(variant)]
        _stacked(axis, path, f"{variant} in {setting}")
        axis.set_title(f"{variant} in {setting}")
    for row in axes:
        row[0].set_ylabel("bias² + variance")
        row[0].set_ylim(bottom=0)
    figure.supxlabel("strength (0: no regularizer)", fontsize=10)
    lowest = [path["estimate"][RISK].idxmin() for path in along.values()]
    inside = sum(0 < best < path.index[-1] for best, path in zip(lowest, along.values(), strict=True))
    said = f"{of(inside, len(along))} minima lie inside the path"
    both = 2 * inside > len(along)
    message(figure, f"Too little and too much both cost: {said}" if both else capital(said))
    return figure


def _stacked(axis: Axes, path: pd.DataFrame, name: str) -> None:
    """Draw squared bias, variance upon it, and their sum as a line whose lowest mark is filled."""
    bias, risk = path["estimate"]["squared_error_bias"], path["estimate"][RISK]
    strength = path["strength"][RISK]
    axis.fill_between(path.index, 0, bias, color=BIAS, linewidth=0)
    axis.fill_between(path.index, bias, risk, color=VARIANCE, linewidth=0)
    axis.plot(path.index, risk, color=INK, linewidth=2)
    best = risk.idxmin()
    for at in path.index:
        low, high = path["low"][RISK][at], path["high"][RISK][at]
        parts = ", ".join(f"{words} {path['estimate'][term][at]:.4f}" for term, words in TERMS.items())
        text = f"{name}, strength {strength[at]:g}: {parts}, sum {risk[at]:.4f} [{low:.4f}, {high:.4f}]"
        face = INK if at == best else "#ffffff"
        points(axis, [(at, risk[at], text)], marker="o", color=INK, markerfacecolor=face, markersize=6)
    axis.set_xticks(path.index, [f"{value:g}" for value in strength])
    axis.set_xlim(path.index[0], path.index[-1])
    axis.grid(visible=False)


def _relative(measured: pd.DataFrame) -> Figure:
    """Draw the geometric mean ratio of each measure to the baseline's: a panel a measure, a row a variant."""
    logs = measured.assign(**{name: np.log(measured[name].astype(float)) for name in COMPLEXITY})
    means = logs.groupby(["setting", "variant"], sort=False)[list(COMPLEXITY)].mean()
    rows = [
        {"setting": setting, "variant": variant, "measure": words}
        | {"ratio": float(np.exp(means.loc[(setting, variant), name] - means.loc[(setting, BASELINE), name]))}
        for setting in logs.setting.unique()
        for variant in variants_of(logs, setting)
        for name, words in COMPLEXITY.items()
    ]
    ratios = pd.DataFrame(rows, columns=["setting", "variant", "measure", "ratio"])
    variants, settings = list(ratios.variant.unique()), list(ratios.setting.unique())
    figure = Figure(figsize=(WIDTH, 0.28 * len(variants) + 2.0), layout="constrained")
    axes = figure.subplots(1, len(COMPLEXITY), sharey=True)
    for axis, words in zip(axes, COMPLEXITY.values(), strict=True):
        for setting, colour, marker in zip(
            settings, itertools.cycle(PALETTE), itertools.cycle("osD^vP"), strict=False
        ):
            shown = ratios[(ratios.measure == words) & (ratios.setting == setting)]
            marks = [
                (r.ratio, variants.index(r.variant), f"{r.variant} in {setting}: {words} x {r.ratio:.2f}")
                for r in shown.itertuples()
            ]
            points(axis, marks, marker=marker, color=colour, markersize=5)
            axis.plot([], [], marker, color=colour, markersize=5, label=setting)
        axis.axvline(1, color=COLOURS[BASELINE], linewidth=1, zorder=1)  # above the grid
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(words)
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].invert_yaxis()
    if settings:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 6), frameon=False)
    axes[len(axes) // 2].set_xlabel("ratio to the same training without it (left of 1: simpler)")
    lower = (ratios.ratio < 1).groupby(ratios.variant).all()
    said = f"{of(int(lower.sum()), len(variants))} methods make the network simpler by every measure"
    message(figure, capital(said))
    return figure
