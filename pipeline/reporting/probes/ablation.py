"""The test error as more and more hidden units are silenced."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from pipeline.reporting.style import VARIANTS, by_replicate, panels


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a panel a setting, a line a variant with its 95 % band."""
    errors = tables["errors"]
    settings = list(errors.setting.unique())
    figure, axes = panels(settings or ["no dropout"], height=3.6)
    for setting, axis in zip(settings, axes, strict=False):
        for variant, own in errors[errors.setting == setting].groupby("variant", sort=False):
            by_replicate(axis, own, "share", "error", VARIANTS[str(variant)], label=str(variant))
        axis.set(xlabel="share of hidden units silenced", ylim=(0, 100))
        axis.legend(fontsize=8)
    axes[0].set_ylabel("test error (%)")
    return figure
