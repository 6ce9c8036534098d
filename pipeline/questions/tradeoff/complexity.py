"""How complex the finished networks are: the size and the spread of their weights, and how they react."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE
from pipeline.plan import Run
from pipeline.questions.study import Study, scaled
from pipeline.science import diagnostics, pruning, sensitivity
from pipeline.science.network import Mask, Network, Single

IMAGES = 250  # no more of the test images tell how a network reacts
COLUMNS = ["setting", "variant", "split", "init", "norm", "directions", "gradient"]


def measured(study: Study) -> pd.DataFrame:
    """Return a row a run of the settings, the baseline's and every variant's that can be applied here.

    `norm` is the Euclidean norm of all kernels, `directions` how many singular directions of the first kernel
    carry its energy (`diagnostics.directions`), and `gradient` the mean over test images of the Frobenius
    norm of the Jacobian of the logits. Batch normalization is folded into the kernels. The weights of inputs
    that are zero in all training images play no part: the data never moved them, and they change nothing on
    these images.
    """
    rows: list[dict[str, Any]] = []
    live: dict[tuple[str, int], list[Mask]] = {}  # by setting and training set
    for cell in _cells(study):
        if cell.is_dense:
            images, _ = study.test_sample(cell.run, IMAGES)
            for run, network in cell.networks():
                at = (run.setting, run.split)
                if at not in live:
                    live[at] = pruning.live(network, scaled(study.replicate(run, run.split).train_images))
                rows.append(_of(run, network, live[at], images))
    return pd.DataFrame(rows, columns=COLUMNS)


def left_out(study: Study) -> pd.DataFrame:
    """Return the cells whose networks cannot be applied here, a row a setting and variant."""
    rows = [(cell.setting, cell.variant) for cell in _cells(study) if not cell.is_dense]
    return pd.DataFrame(rows, columns=["setting", "variant"])


def _cells(study: Study) -> Iterator[Cell]:
    for variant in (BASELINE, *study.params.variants):
        yield from study.cells(variant).values()


def _of(run: Run, network: Network, masks: list[Mask], images: Single) -> dict[str, Any]:
    weights = pruning.chosen(network, masks).astype(np.float64)
    live = network.kernels[0][masks[0][:, 0]]
    place = {"setting": run.setting, "variant": run.variant, "split": run.split, "init": run.init}
    return place | {
        "norm": float(np.sqrt((weights**2).sum())),
        "directions": diagnostics.directions(live),
        "gradient": float(sensitivity.jacobian_norm(network, images).mean()),
    }
