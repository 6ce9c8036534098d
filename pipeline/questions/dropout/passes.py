"""Dropout at inference: weight scaling against averages over dropout passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pipeline.datasets.seeds import generator
from pipeline.questions.base import Tables
from pipeline.questions.study import Study, scaled
from pipeline.science import diagnostics, monte_carlo

PASSES = (1, 2, 3, 5, 10, 20, 50)  # the last is judged
SCALING = 0  # the number of passes that stands for weight scaling
SCORES = ["error", "nll", "ece", "distance"]
COLUMNS = ["setting", "split", "init", "passes", *SCORES]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `scores`, a row a run and number of passes, with 0 for weight scaling, on all test images.

    Error in percent, negative log-likelihood in nats, expected calibration error in [0, 1]. `distance` is the
    mean total variation distance, in [0, 1], to what the trained network itself predicted at inference.
    """
    rows = []
    for cell in study.dense("dropout").values():
        data = study.replicate(cell.run, cell.run.split)
        images, labels = scaled(data.test_images), data.test_labels
        predicted = np.exp(cell.log_probabilities).reshape(-1, *cell.log_probabilities.shape[2:])
        for (run, network), recorded in zip(cell.networks(), predicted, strict=True):
            rate = run.regularizers["dropout"]["rate"]
            rng = generator("monte carlo", run.split, run.init)
            averages = monte_carlo.averages(network, images, rate, PASSES, rng)
            scaling = np.exp(special.log_softmax(network.logits(images).astype(np.float64), axis=-1))
            for passes, probabilities in zip((SCALING, *PASSES), (scaling, *averages), strict=True):
                rows.append(
                    {
                        "setting": run.setting,
                        "split": run.split,
                        "init": run.init,
                        "passes": passes,
                        "error": 100.0 * float((probabilities.argmax(axis=1) != labels).mean()),
                        "nll": diagnostics.nll(probabilities, labels),
                        "ece": diagnostics.calibration_error(probabilities, labels, min(15, len(labels))),
                        "distance": float(0.5 * np.abs(probabilities - recorded).sum(axis=1).mean()),
                    }
                )
    return {"scores": pd.DataFrame(rows, columns=COLUMNS)}


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
