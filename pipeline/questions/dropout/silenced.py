"""What it costs to silence hidden units, with dropout and without, and how the units are correlated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.datasets.seeds import generator
from pipeline.questions.base import Tables
from pipeline.questions.dropout.compared import REPLICATE, cells, error, replicate
from pipeline.questions.study import Study
from pipeline.science import units

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
HALF = 0.5  # the share that the claim is about
MASKS = 3  # drawn for every replicate, the same for both variants
IMAGES = 2000  # no more of the test images: each is scored under many masks


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `errors`, a row a run and share of silenced units, and `correlation`, a row a run.

    `error` is in percent and `rise` in points above the intact network's; both are means over the masks.
    """
    errors, correlations = [], []
    for cell in (cell for pair in cells(study) for cell in pair):
        images, labels = study.test_sample(cell.run, IMAGES)
        for run, network in cell.networks():
            first = network.first(images)
            intact = error(network.after_first(first), labels)
            rng = generator("ablation", run.split, run.init)
            drawn = [units.silence(network.units, SHARES, rng) for _ in range(MASKS)]
            for place, share in enumerate(SHARES):
                by_mask = [
                    error(network.silenced(masks[place]).after_first(first), labels) for masks in drawn
                ]
                mean = float(np.mean(by_mask))
                errors.append(replicate(run) | {"share": share, "error": mean, "rise": mean - intact})
            correlations.append(replicate(run) | {"correlation": units.mean_correlation(first)})
    return {
        "errors": pd.DataFrame(errors, columns=[*REPLICATE, "share", "error", "rise"]),
        "correlation": pd.DataFrame(correlations, columns=[*REPLICATE, "correlation"]),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting and variant, the rise where half of the units are silent, and the correlation."""
    half = tables["errors"][tables["errors"].share == HALF]
    rises = half.groupby(["setting", "variant"], sort=False).rise.mean()
    means = tables["correlation"].groupby(["setting", "variant"], sort=False).correlation.mean()
    by_setting: dict[str, Any] = {}
    for (setting, variant), rise in rises.items():
        numbers = {"rise": round(float(rise), 4), "correlation": round(float(means[setting, variant]), 5)}
        by_setting.setdefault(setting, {})[variant] = numbers
    return by_setting
