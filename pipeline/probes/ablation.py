"""What silencing hidden units costs, with dropout and without, and how the units are correlated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.splits import generator
from pipeline.probes.study import Study
from pipeline.science import units

VARIANT = "dropout"
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
MASKS = 3  # drawn for every replicate, the same for both variants
IMAGES = 2000  # no more of the test images: each is scored under many masks


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `errors`, a row a run and share of silenced units, and `correlation`, a row a run.

    `error` is in percent and `rise` in points above the intact network's, means over the masks.
    """
    images, labels = study.test_sample(IMAGES)
    errors, correlations = [], []
    for run, network in study.networks(VARIANT):
        own = {"setting": run.setting, "variant": run.variant, "split": run.split, "init": run.init}
        first = network.first(images)
        intact = _error(network.after_first(first), labels)
        rng = generator("ablation", run.split, run.init)
        drawn = [units.silence(network.units, SHARES, rng) for _ in range(MASKS)]
        for place, share in enumerate(SHARES):
            found = [_error(network.silenced(masks[place]).after_first(first), labels) for masks in drawn]
            error = float(np.mean(found))
            errors.append(own | {"share": share, "error": error, "rise": error - intact})
        correlations.append(own | {"correlation": units.mean_correlation(first)})
    return {
        "errors": pd.DataFrame(errors, columns=[*_AT, "share", "error", "rise"]),
        "correlation": pd.DataFrame(correlations, columns=[*_AT, "correlation"]),
    }


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, by setting and variant, the rise where half of the units are silent, and the correlation."""
    half = tables["errors"][tables["errors"].share == 0.5]
    rises = half.groupby(["setting", "variant"], sort=False).rise.mean()
    means = tables["correlation"].groupby(["setting", "variant"], sort=False).correlation.mean()
    found: dict[str, Any] = {}
    for (setting, variant), rise in rises.items():
        numbers = {"rise": round(float(rise), 4), "correlation": round(float(means[setting, variant]), 5)}
        found.setdefault(setting, {})[variant] = numbers
    return found


def _error(logits: np.ndarray, labels: np.ndarray) -> float:
    return 100.0 * float((logits.argmax(axis=1) != labels).mean())


_AT = ["setting", "variant", "split", "init"]
