"""What a network can do without, under which damage it still works, and the scores by dropout passes."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import VARIANTS, WIDTH, by_replicate, panels
from pipeline.evaluation.replicates import over_replicates, replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.dropout.damaged import LEVELS
from pipeline.questions.dropout.passes import SCALING
from pipeline.science import comparison

SCORES = {"error": "test error (%)", "nll": "negative log-likelihood (nats)", "ece": "calibration error"}
# What is missing: a table, its column, and the title of a panel.
MISSING = (
    ("units", "changed", "changed (%)\nwithout one unit"),
    ("units", "rise", "error + points\nmost important unit"),
    ("pixels", "changed", "changed (%)\nwithout one pixel"),
    ("pixels", "mean_rise", "error + points\nwithout a block"),
    ("pixels", "worst_rise", "error + points\nworst block"),
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
    figure, axes = panels(settings, height=3.4, most=3)
    for setting, axis in zip(settings, axes, strict=True):
        for variant, rows in errors[errors.setting == setting].groupby("variant", sort=False):
            by_replicate(axis, rows, "share", "error", VARIANTS[str(variant)], label=str(variant))
        axis.set(xlabel="share of hidden units silenced", ylim=(0, 100))
        axis.legend(fontsize=8)
    axes[0].set_ylabel("test error (%)")
    return figure


def _missing(tables: Tables) -> Figure:
    """Draw a panel a measure, a row a setting, and the mean of each variant with its 95 % interval."""
    settings = list(tables["units"].setting.unique())
    titles = [title for _, _, title in MISSING]
    figure, axes = panels(titles, height=1.3 + 0.4 * len(settings), most=len(titles))
    for axis, (name, column, title) in zip(axes, MISSING, strict=True):
        for (setting, variant), rows in tables[name].groupby(["setting", "variant"], sort=False):
            mean = comparison.mean_interval(replicate_means(rows, column))
            place = settings.index(setting) + (0.15 if variant == "dropout" else -0.15)
            axis.plot([mean.low, mean.high], [place, place], color=VARIANTS[str(variant)])
            label = str(variant) if setting == settings[0] else None
            axis.plot(mean.estimate, place, "o", color=VARIANTS[str(variant)], markersize=4, label=label)
        axis.set_title(title, fontsize=9)
        axis.set_yticks(range(len(settings)), settings if axis is axes[0] else [""] * len(settings))
        axis.set(ylim=(len(settings) - 0.5, -0.5), xlim=(0, None))
    axes[-1].legend(fontsize=8)
    return figure


def _damaged(damaged: pd.DataFrame) -> Figure:
    """Draw a column a setting, a row a kind of damage, and a line a variant with its 95 % band."""
    settings = list(damaged.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.4 * len(LEVELS)), layout="constrained")
    axes = figure.subplots(len(LEVELS), len(settings), sharey="row", squeeze=False)
    for column, setting in enumerate(settings):
        for row, kind in enumerate(LEVELS):
            axis = axes[row, column]
            shown = damaged[(damaged.setting == setting) & (damaged.damage == kind)]
            for variant, rows in shown.groupby("variant", sort=False):
                by_replicate(axis, rows, "level", "error", VARIANTS[str(variant)], label=str(variant))
            axis.set_xlabel(UNITS[kind], fontsize=9)
        axes[0, column].set_title(setting)
    for kind, (first, *_) in zip(LEVELS, axes, strict=True):
        first.set_ylabel(f"test error (%), {kind}", fontsize=9)
        first.set_ylim(bottom=0)  # of the whole row, once all of it is drawn
    axes[0, 0].legend(fontsize=8)
    return figure


def _passes(scores: pd.DataFrame) -> Figure:
    """Draw a column a setting, a row a score: the passes with their 95 % band, and weight scaling dashed."""
    settings = list(scores.setting.unique())
    figure = Figure(figsize=(WIDTH, 2.4 * len(SCORES)), layout="constrained")
    axes = figure.subplots(len(SCORES), len(settings), sharex=True, squeeze=False)
    for column, setting in enumerate(settings):
        in_setting = scores[scores.setting == setting]
        scaled, averaged = (
            in_setting[in_setting.passes == SCALING],
            in_setting[in_setting.passes > SCALING],
        )
        for row, (name, label) in enumerate(SCORES.items()):
            axis = axes[row, column]
            by_replicate(axis, averaged, "passes", name, VARIANTS["dropout"], label="average of passes")
            scaling = over_replicates(scaled, "passes", name).loc[SCALING]
            axis.axhline(scaling.estimate, color="black", linestyle="--", linewidth=1, label="weight scaling")
            axis.axhspan(scaling.low, scaling.high, color="black", alpha=0.08, linewidth=0)
            axis.set(xscale="log")
            if column == 0:
                axis.set_ylabel(label, fontsize=9)
        axes[0, column].set_title(setting)
        axes[-1, column].set_xlabel("dropout passes")
    axes[0, 0].legend(fontsize=8)
    return figure
