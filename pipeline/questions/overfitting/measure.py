"""The gaps and curves that are shown, the families of the variants, and which of them add a penalty."""

from __future__ import annotations

import pandas as pd

from pipeline.evaluation.replicates import replicate_means
from pipeline.params import Mix, Params
from pipeline.questions.study import Study
from pipeline.science import comparison

CURVES = {"train_cross_entropy": ":", "validation_cross_entropy": "-"}  # and their lines


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `gaps`, `curves`, `families` and `methods`.

    `gaps` has a row a setting and variant: the mean gap in cross-entropy, train and test labelled alike, with
    its limits. `curves` has a row an epoch and part, of the settings that hold images out. `families` has the
    family of every variant, and `methods` whether it adds a `penalty` to the loss.
    """
    alike, curves = study.table("alike"), study.table("curves")
    settings = [name for name, setting in study.params.settings.items() if setting.validation_size]
    gaps = [
        {"setting": setting, "variant": variant, "metric": "cross_entropy_gap"}
        | vars(comparison.mean_interval(replicate_means(rows, "cross_entropy_gap")))
        for (setting, variant), rows in alike.groupby(["setting", "variant"], sort=False)
    ]
    families = study.params.families().items()
    return {
        "gaps": pd.DataFrame(gaps),
        "curves": curves[curves.setting.isin(settings) & curves.metric.isin(CURVES)],
        "families": pd.DataFrame(families, columns=["variant", "family"]),
        "methods": pd.DataFrame(penalties(study.params), columns=["variant", "penalty"]),
    }


def penalties(params: Params) -> list[tuple[str, bool]]:
    """Return every variant, and whether one of its regularizers adds a penalty to the loss."""
    return [(name, any(_adds_penalty(mix) for mix in mixes)) for name, mixes in params.variants.items()]


def _adds_penalty(mix: Mix) -> bool:
    # Keras makes the penalty itself, and it is not imported here. A proximal step takes the penalty's place.
    return any(
        part.uses("kernel_penalty") and not getattr(part, "proximal", False)
        for part in mix.regularizers.values()
    )
