"""Dropout at inference: weight scaling against averages over dropout passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.splits import generator
from pipeline.probes.study import Study
from pipeline.science import diagnostics, monte_carlo
from pipeline.science.softmax import log_softmax

VARIANT = "dropout"
PASSES = (1, 2, 3, 5, 10, 20, 50, 100)
IMAGES = 5000  # no more of the test images: a pass over each is costly


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `scores`, a row a run and number of passes, 0 for weight scaling, of one init a training set.

    Error in percent, negative log-likelihood in nats, expected calibration error in [0, 1]. Where there is
    one training set, of all inits.
    """
    images, labels = study.test_sample(IMAGES)
    rows = []
    for run, network in study.networks(VARIANT):
        if run.variant != VARIANT or (run.init and study.params.settings[run.setting].splits > 1):
            continue
        rate = run.regularizers["dropout"]["rate"]
        rng = generator("monte carlo", run.split, run.init)
        averages = monte_carlo.averages(network, images, rate, PASSES, rng)
        scaled = np.exp(log_softmax(network.logits(images)))
        for passes, probabilities in zip((0, *PASSES), (scaled, *averages), strict=True):
            rows.append(
                {
                    "setting": run.setting,
                    "split": run.split,
                    "init": run.init,
                    "passes": passes,
                    "error": 100.0 * float((probabilities.argmax(axis=1) != labels).mean()),
                    "nll": diagnostics.nll(probabilities, labels),
                    "ece": diagnostics.calibration_error(probabilities, labels, min(15, len(labels))),
                }
            )
    names = ["setting", "split", "init", "passes", "error", "nll", "ece"]
    return {"scores": pd.DataFrame(rows, columns=names)}


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, by setting, the mean scores of weight scaling and of the most passes."""
    means = tables["scores"].groupby(["setting", "passes"], sort=False)[["error", "nll", "ece"]].mean()
    found: dict[str, Any] = {}
    for (setting, passes), row in means.iterrows():
        if passes in (0, PASSES[-1]):
            name = f"passes_{passes}" if passes else "weight_scaling"
            found.setdefault(setting, {})[name] = {k: round(float(v), 5) for k, v in row.items()}
    return found
