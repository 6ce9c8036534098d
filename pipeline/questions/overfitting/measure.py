"""The gaps and the curves that are shown, and the families that give the variants their colours."""

from __future__ import annotations

import pandas as pd

from pipeline.questions.study import Study

CURVES = {"train_cross_entropy": ":", "validation_cross_entropy": "-"}  # and their lines


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `gaps`, a row a setting and variant; `curves`, a row an epoch and part; `families` of variants.

    Curves are those of the settings that hold images out.
    """
    summary, curves = study.table("summary"), study.table("curves")
    settings = [name for name, setting in study.params.settings.items() if setting.validation_size]
    families = study.params.families().items()
    return {
        "gaps": summary[summary.metric == "cross_entropy_gap"],
        "curves": curves[curves.setting.isin(settings) & curves.metric.isin(CURVES)],
        "families": pd.DataFrame(families, columns=["variant", "family"]),
    }
