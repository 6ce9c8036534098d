"""What it costs to silence one hidden unit: any of them, and the most important one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.questions.dropout import compared
from pipeline.questions.study import Study, scaled
from pipeline.science import units
from pipeline.science.network import Network

SCANNED = 500  # test images, at most, on which every unit is silenced in turn; the others judge the choice
COLUMNS = [*compared.REPLICATE, "changed", "rise"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `units`, a row a run.

    `changed` is the percentage of predictions that change when one random unit is silenced, as the mean over
    all units. `rise` is by how many points the error rises when the most important unit is silenced: the one
    whose silence raises the cross-entropy most on the scanned images. It is measured on the others.
    """
    rows = []
    for pair in compared.cells(study):
        for cell in pair:
            data = study.replicate(cell.run, cell.run.split)
            images, labels = scaled(data.test_images), data.test_labels
            for run, network in cell.networks():
                rows.append(compared.replicate(run) | _of(network, images, labels))
    return {"units": pd.DataFrame(rows, columns=COLUMNS)}


def _of(network: Network, images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    scanned = np.zeros(len(images), bool)
    scanned[:: max(-(-len(images) // SCANNED), 2)] = True
    intact = network.logits(images[scanned]).argmax(axis=1)
    predicted, losses = [], []
    for logits in units.one_by_one(network, images[scanned]):
        predicted.append(logits.argmax(axis=1))
        losses.append(_cross_entropy(logits, labels[scanned]))
    silent = network.silenced(units.only(network.units, int(np.argmax(losses))))
    others, named = images[~scanned], labels[~scanned]
    first = network.first(others)  # the same in both
    with_it, without = network.after_first(first), silent.after_first(first)
    rise = compared.error(without, named) - compared.error(with_it, named)
    return {"changed": compared.changed(predicted, intact), "rise": rise}


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    # scipy's logsumexp takes several times as long on so few logits.
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.mean(dtype=np.float64))
