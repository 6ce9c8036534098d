"""What the study says of the weights, computed from the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.questions.weights.measure import IMAGES
from pipeline.system.words import capital, counted


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return a sentence a setting that has both penalties, and the number in the caption of the figure."""
    spread = tables["spread"]
    live = spread[(spread.kernels == "all") & (spread.weights == "live")]
    sentences = [_of_setting(setting, live) for setting in live.setting.unique()]
    return {
        "lead": _lead(live),
        "sentences": [sentence for sentence in sentences if sentence],
        "images": IMAGES,
    }


def _lead(live: pd.DataFrame) -> str:
    """Say which share of the weights is nearly zero under either penalty, over the settings."""
    means = live.groupby("variant").near_zero.mean()
    if not {BASELINE, "l1", "l2"} <= set(means.index):
        return ""
    return (
        f"L1 makes {means['l1']:.0%} of the weights nearly zero, L2 {means['l2']:.0%}; without a penalty "
        f"{means[BASELINE]:.0%} are."
    )


def _of_setting(setting: str, live: pd.DataFrame) -> str:
    names = {"participation_ratio": "carrying", "validation_cross_entropy": "loss"}
    rows = live[live.setting == setting]
    measures = ["near_zero", "exact_zeros", "norm", "epochs", *names]
    means = rows.groupby("variant")[measures].mean().rename(columns=names)
    if not {BASELINE, "l1", "l2"} <= set(means.index):
        return ""
    l1, l2, base = means.loc["l1"], means.loc["l2"], means.loc[BASELINE]
    exact = (
        f" By proximal steps, {means.loc['l1_proximal'].exact_zeros:.0%} are exactly zero."
        if "l1_proximal" in means.index
        else ""
    )
    return capital(
        f"in `{setting}` (validation loss {l1.loss:.3f} under L1, {l2.loss:.3f} under L2, "
        f"{base.loss:.3f} for {counted(round(base.epochs), 'epoch')} without) {l1.near_zero:.0%} of the "
        f"weights lie below 0.001 under L1, {l2.near_zero:.0%} under L2 and {base.near_zero:.0%} without."
        f"{exact} Their norm is {l1.norm:.1f}, {l2.norm:.1f} and {base.norm:.1f}. The share of the weights "
        f"that carry it is {l1.carrying:.1%}, {l2.carrying:.1%} and {base.carrying:.1%}."
    )
