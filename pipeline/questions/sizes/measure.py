"""What dropout gains by the number of training images, against the same training without it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import paired_by_split
from pipeline.questions.sizes.settings import DROPOUT
from pipeline.questions.study import Study
from pipeline.science import comparison


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `pairs` and `gains`, from the fewest images to the most.

    `pairs` has a row a setting and replicate: the fall of the test error in points. `gains` has a row a
    setting: the mean errors in percent, and the mean fall with its limits.
    """
    runs = study.table("runs")
    pairs, gains = [], []
    for setting in study.section.settings:
        falls = -paired_by_split(runs, setting, "test_error", DROPOUT)
        place = {"setting": setting, "train_size": study.params.settings[setting].train_size}
        pairs += [place | {"replicate": number, "gain": gain} for number, gain in enumerate(falls)]
        means = runs[runs.setting == setting].groupby("variant").test_error.mean()
        errors = {"baseline": means[BASELINE], "dropout": means[DROPOUT]}
        place |= {"peak": setting == study.section.peak}
        gains.append(place | errors | vars(comparison.mean_interval(falls)))
    return {"pairs": pd.DataFrame(pairs), "gains": pd.DataFrame(gains)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return the mean gain in points, by setting."""
    gains = tables["gains"]
    return {row.setting: round(float(row.estimate), 6) for row in gains.itertuples()}
