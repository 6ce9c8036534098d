"""Dropout at inference: weight scaling against averages over dropout passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pipeline.datasets.seeds import generator
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.science import diagnostics, monte_carlo

PASSES = (1, 2, 3, 5, 10, 20, 50, 100)
SCALING = 0  # the number of passes that stands for weight scaling
IMAGES = 5000  # no more of the test images: a pass over each is costly
SCORES = ["error", "nll", "ece"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `scores`, a row a run and number of passes, with 0 for weight scaling.

    Error in percent, negative log-likelihood in nats, expected calibration error in [0, 1]. The runs are the
    first initialisation of every training set; all initialisations where there is one training set.
    """
    rows = []
    for cell in study.dense("dropout").values():
        images, labels = study.test_sample(cell.run, IMAGES)
        sets = len(cell.grid)
        for run, network in (cell.first(sets) if sets > 1 else cell).networks():
            rate = run.regularizers["dropout"]["rate"]
            rng = generator("monte carlo", run.split, run.init)
            averages = monte_carlo.averages(network, images, rate, PASSES, rng)
            scaled = np.exp(special.log_softmax(network.logits(images).astype(np.float64), axis=-1))
            for passes, probabilities in zip((SCALING, *PASSES), (scaled, *averages), strict=True):
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
    return {"scores": pd.DataFrame(rows, columns=["setting", "split", "init", "passes", *SCORES])}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting, the mean scores of weight scaling and of the most passes."""
    means = tables["scores"].groupby(["setting", "passes"], sort=False)[SCORES].mean()
    by_setting: dict[str, Any] = {}
    for (setting, passes), scores in means.iterrows():
        if passes in (SCALING, PASSES[-1]):
            name = "weight_scaling" if passes == SCALING else f"passes_{passes}"
            numbers = {score: round(float(value), 5) for score, value in scores.items()}
            by_setting.setdefault(setting, {})[name] = numbers
    return by_setting
