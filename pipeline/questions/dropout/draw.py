"""What a network can do without, under which damage it still works, and the scores by dropout passes."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.drawing.style import INK, MARKERS, VARIANTS, WIDTH, by_replicate, direct, message, panels
from pipeline.drawing.svg import points
from pipeline.evaluation.replicates import over_replicates, replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.dropout.damaged import LEVELS
from pipeline.questions.dropout.passes import SCALING
from pipeline.questions.dropout.silenced import HALF
from pipeline.science import comparison
from pipeline.system.words import listed

SCORES = {"error": "test error (%)", "nll": "negative log-likelihood (nats)", "ece": "calibration error"}
# What is missing: a table, its column, and the title of a panel.
MISSING = (
    ("units", "changed", "changed (%),\none unit"),
    ("units", "rise", "error + points,\nworst unit"),
    ("pixels", "changed", "changed (%),\none pixel"),
    ("pixels", "mean_rise", "error + points,\na block"),
    ("pixels", "worst_rise", "error + points,\nworst block"),
)
UNITS = {"noise": "deviation", "blur": "pixels", "shift": "pixels"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return `silenced`, `missing`, `damaged` and `passes`; nothing where no setting has dropout."""
    if tables["errors"].empty:
        return {}
    return {
        "silenced": _silenced(tables["errors"]),
        "missing": _missing(tables),
        "damaged": _damaged(tables["damaged"]),
        "passes": _passes(tables["scores"]),
    }


def _silenced(errors: pd.DataFrame) -> Figure:
    """Draw a panel a setting, a line a variant with its 95 % band."""
    settings = list(errors.setting.unique())
    figure, axes = panels(settings, height=2.6, most=3)
    half = errors[errors.share == HALF].groupby("variant").error.mean()
    for setting, axis in zip(settings, axes, strict=True):
        axis.set(xlabel="share of hidden units silenced", ylim=(0, 100))
        _both(axis, errors[errors.setting == setting], "share", "error")
    axes[0].set_ylabel("test error (%)")
    if {"baseline", "dropout"} <= set(half.index):
        said = f"Half of the units silenced: {half['dropout']:.0f}% error with dropout"
        message(figure, f"{said}, {half['baseline']:.0f}% without (means over settings)")
    return figure


def _both(axis: Axes, rows: pd.DataFrame, x: str, y: str) -> None:
    """Draw a line a variant with its band, named at its end."""
    lines = [
        by_replicate(axis, of, x, y, VARIANTS[str(variant)], str(variant), MARKERS[str(variant)])
        for variant, of in rows.groupby("variant", sort=False)
    ]
    direct(axis, lines)


def _missing(tables: Tables) -> Figure:
    """Draw a panel a measure, a row a setting, and the mean of each variant with its 95 % interval."""
    settings = list(tables["units"].setting.unique())
    titles = [title for _, _, title in MISSING]
    figure, axes = panels(titles, height=1.5 + 0.4 * len(settings), most=len(titles))
    for axis, (name, column, _) in zip(axes, MISSING, strict=True):
        for (setting, variant), rows in tables[name].groupby(["setting", "variant"], sort=False):
            mean = comparison.mean_interval(replicate_means(rows, column))
            place = settings.index(setting) + (0.15 if variant == "dropout" else -0.15)
            colour, marker = VARIANTS[str(variant)], MARKERS[str(variant)]
            axis.plot([mean.low, mean.high], [place, place], color=colour)
            said = f"{variant} in {setting}: {mean.estimate:.2f} [{mean.low:.2f}, {mean.high:.2f}]"
            points(axis, [(mean.estimate, place, said)], marker=marker, color=colour, markersize=5)
            if setting == settings[0] and axis is axes[0]:
                axis.plot([], [], marker, color=colour, markersize=5, label=str(variant))
        axis.set_yticks(range(len(settings)), settings if axis is axes[0] else [""] * len(settings))
        axis.set(ylim=(len(settings) - 0.5, -0.5), xlim=(0, None))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    message(figure, "What one unit, one pixel or one block of pixels costs, with dropout and without")
    return figure


def _damaged(damaged: pd.DataFrame) -> Figure:
    """Draw a column a setting, a row a kind of damage, and a line a variant with its 95 % band."""
    settings = list(damaged.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.2 * len(LEVELS) + 0.6), layout="constrained")
    axes = figure.subplots(len(LEVELS), len(settings), sharey="row", squeeze=False)
    for column, setting in enumerate(settings):
        for row, kind in enumerate(LEVELS):
            axis = axes[row, column]
            shown = damaged[(damaged.setting == setting) & (damaged.damage == kind)]
            for variant, rows in shown.groupby("variant", sort=False):
                name, colour = str(variant), VARIANTS[str(variant)]
                by_replicate(axis, rows, "level", "error", colour, name, MARKERS[name])
            axis.set_xlabel(UNITS[kind])
        axes[0, column].set_title(setting)
    for kind, (first, *_) in zip(LEVELS, axes, strict=True):
        first.set_ylabel(f"test error (%), {kind}")
        first.set_ylim(bottom=0)  # of the whole row, once all of it is drawn
    handles = [
        Line2D([], [], color=VARIANTS[name], marker=MARKERS[name], label=name)
        for name in damaged.variant.unique()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    message(figure, _said(damaged))
    return figure


def _said(damaged: pd.DataFrame) -> str:
    """Say under which damage at its highest level dropout has the lower error, over all settings."""
    better, others = list[str](), list[str]()
    for kind, levels in LEVELS.items():
        rows = damaged[(damaged.damage == kind) & (damaged.level == levels[-1])]
        means = rows.groupby(["setting", "variant"]).error.mean().unstack()
        if {"baseline", "dropout"} <= set(means):
            (better if (means.dropout < means.baseline).all() else others).append(kind)
    if not better:
        return "Under no kind of damage is the error lower with dropout in every setting"
    rest = f"; under {listed(others)} in some" if others else ""
    return f"Under {listed(better)} the error is lower with dropout in every setting{rest}"


def _passes(scores: pd.DataFrame) -> Figure:
    """Draw a column a setting, a row a score: the passes with their 95 % band, and weight scaling dashed."""
    settings = list(scores.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.2 * len(SCORES) + 0.6), layout="constrained")
    axes = figure.subplots(len(SCORES), len(settings), sharex=True, squeeze=False)
    for column, setting in enumerate(settings):
        in_setting = scores[scores.setting == setting]
        scaled, averaged = (
            in_setting[in_setting.passes == SCALING],
            in_setting[in_setting.passes > SCALING],
        )
        for row, (name, label) in enumerate(SCORES.items()):
            axis = axes[row, column]
            by_replicate(axis, averaged, "passes", name, VARIANTS["dropout"], "average of passes", "D")
            scaling = over_replicates(scaled, "passes", name).loc[SCALING]
            axis.axhline(scaling.estimate, color=INK, linestyle="--", linewidth=1)
            axis.axhspan(scaling.low, scaling.high, color=INK, alpha=0.08, linewidth=0)
            axis.set(xscale="log", xticks=[1, 10, 100])
            axis.xaxis.set_major_formatter("{x:g}")
            axis.minorticks_off()
            if column == 0:
                axis.set_ylabel(label)
        axes[0, column].set_title(setting)
        axes[-1, column].set_xlabel("passes")
    handles = [
        Line2D([], [], color=VARIANTS["dropout"], marker="D", label="average of passes"),
        Line2D([], [], color=INK, linestyle="--", label="weight scaling: one pass, dropout off"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    most = scores.passes.max()
    message(figure, f"It takes many passes to predict as well as one pass with dropout off ({most} shown)")
    return figure
