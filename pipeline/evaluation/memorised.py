"""Which wrong labels a network puts out: those it was trained on, and as many that it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.datasets import prepared
from pipeline.evaluation.cells import Cell, scaled
from pipeline.science.network import Network

COLUMNS = ["setting", "variant", "split", "init", "seen", "unseen"]


def shares(root: Path, cell: Cell) -> pd.DataFrame:
    """Return a row a run: of the wrong labels, the shares in [0, 1] that its finished network puts out.

    `seen` is of the images that it was trained on, `unseen` of the next training set's, which is as large and
    as often labelled wrong. There are no rows of a cell without wrong labels, without a second training set,
    or with networks that cannot be applied here.
    """
    if not (cell.run.label_noise and len(cell.grid) > 1 and cell.is_dense):
        return pd.DataFrame(columns=COLUMNS)
    images = prepared.read_images(root, cell.run.source)
    split = prepared.read_split(root, cell.setting)
    wrong = []
    for number in range(len(cell.grid)):
        data = prepared.replicate(images, split, number)
        chosen = images.train_labels[split.train[number]] != data.train_labels
        wrong.append((scaled(data.train_images[chosen]), data.train_labels[chosen]))
    rows: list[dict[str, Any]] = [
        {"setting": run.setting, "variant": run.variant, "split": run.split, "init": run.init}
        | {"seen": _put_out(network, *wrong[run.split])}
        | {"unseen": _put_out(network, *wrong[(run.split + 1) % len(wrong)])}
        for run, network in cell.networks()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _put_out(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of these labels (n,) that a network puts out for their images (n, inputs)."""
    return float((network.logits(images).argmax(axis=1) == labels).mean())
