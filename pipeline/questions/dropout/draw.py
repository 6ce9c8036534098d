"""The test error as hidden units are silenced, and the scores by the number of dropout passes."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from pipeline.drawing.style import VARIANTS, WIDTH, by_replicate, panels
from pipeline.evaluation.replicates import over_replicates
from pipeline.questions.base import Tables
from pipeline.questions.dropout.passes import SCALING

SCORES = {"error": "test error (%)", "nll": "negative log-likelihood (nats)", "ece": "calibration error"}


def draw(tables: Tables) -> dict[str, Figure]:
    """Return the figures `silenced` and `passes`; none where no setting has dropout."""
    if tables["errors"].empty:
        return {}
    return {"silenced": _silenced(tables["errors"]), "passes": _passes(tables["scores"])}


def _silenced(errors: pd.DataFrame) -> Figure:
    """Draw a panel a setting, a line a variant with its 95 % band."""
    settings = list(errors.setting.unique())
    figure, axes = panels(settings, height=3.6)
    for setting, axis in zip(settings, axes, strict=True):
        for variant, rows in errors[errors.setting == setting].groupby("variant", sort=False):
            by_replicate(axis, rows, "share", "error", VARIANTS[str(variant)], label=str(variant))
        axis.set(xlabel="share of hidden units silenced", ylim=(0, 100))
        axis.legend(fontsize=8)
    axes[0].set_ylabel("test error (%)")
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
