"""How much of a network hangs on the real pixels, where useless ones stand beside them.

Pixels that no training image of the run uses are left out: real or not, the data say nothing of them, and
only a penalty moves their weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study, scaled
from pipeline.science.network import Network

IMAGES = 1000  # no more of the test images: their gradients are costly
SHARES = ["weights", "gradients"]
COLUMNS = ["setting", "variant", "split", "init", *SHARES]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `attention`, a row a run of a dense network with distractors: shares of a mass, in [0, 1].

    `weights` is the share of the squared weights of the first kernel that belongs to real pixels;
    `gradients` that of the squared derivatives of all logits by the inputs, over the test images.
    """
    rows = []
    for variant in (BASELINE, TUNED_BASELINE, *study.question.reads(study.params)[1:]):
        for cell in study.dense(variant).values():
            if cell.run.distractors:
                rows += _of_cell(study, cell)
    return {"attention": pd.DataFrame(rows, columns=COLUMNS)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting and variant, the mean shares."""
    by_setting: dict[str, Any] = {}
    means = tables["attention"].groupby(["setting", "variant"], sort=False)[SHARES].mean()
    for (setting, variant), row in means.iterrows():
        numbers = {name: round(float(value), 5) for name, value in row.items()}
        by_setting.setdefault(setting, {})[variant] = numbers
    return by_setting


def real_pixels(shape: tuple[int, ...], width: int) -> np.ndarray:
    """Return which inputs are real pixels, (inputs,), of images (height, columns, ...): the first `width`."""
    real = np.zeros(shape, bool)
    real[:, :width] = True
    return real.ravel()


def share(mass: np.ndarray, marked: np.ndarray) -> float:
    """Return the share of a mass (inputs,) that lies on the marked inputs (inputs,)."""
    return float(mass[marked].sum() / mass.sum())


def _of_cell(study: Study, cell: Cell) -> list[dict[str, Any]]:
    images, _ = study.test_sample(cell.run, IMAGES)
    width = study.images(cell.run).test_images.shape[2]
    rows = []
    for run, network in cell.networks():
        trained_on = study.replicate(run, run.split).train_images
        real = real_pixels(trained_on.shape[1:], width)
        used = np.any(scaled(trained_on) != 0, axis=0)
        masses = {"weights": _squared_weights(network), "gradients": _squared_gradients(network, images)}
        place = {"setting": run.setting, "variant": run.variant, "split": run.split, "init": run.init}
        rows.append(place | {name: share(mass[used], real[used]) for name, mass in masses.items()})
    return rows


def _squared_weights(network: Network) -> np.ndarray:
    """Return the sum of the squared weights that leave each input, (inputs,)."""
    return np.asarray((network.kernels[0].astype(np.float64) ** 2).sum(axis=1))


def _squared_gradients(network: Network, images: np.ndarray) -> np.ndarray:
    """Return the sum over images and logits of the squared derivatives by each input, (inputs,)."""
    classes = network.biases[-1].size
    total = np.zeros(images.shape[1])
    for one in np.eye(classes, dtype=np.float32):
        outputs = np.broadcast_to(one, (len(images), classes))
        total += (network.input_gradient(images, outputs) ** 2).sum(axis=0, dtype=np.float64)
    return total
