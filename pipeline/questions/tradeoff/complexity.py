"""How complex the finished networks are: the size and the spread of their weights, and how they react."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE
from pipeline.plan import Run
from pipeline.questions.study import Study
from pipeline.science import diagnostics, pruning, sensitivity
from pipeline.science.network import Network, Single

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
    trained_on: dict[tuple[str, int], NDArray[np.bool_]] = {}  # by setting and training set
    for cell in _cells(study):
        if cell.is_dense:
            images, _ = study.test_sample(cell.run, IMAGES)
            for run, network in cell.networks():
                key = (run.setting, run.split)
                if key not in trained_on:
                    trained_on[key] = _used(study, run)
                rows.append(_of(run, network, trained_on[key], images))
    return pd.DataFrame(rows, columns=COLUMNS)


def left_out(study: Study) -> pd.DataFrame:
    """Return the cells whose networks cannot be applied here, a row a setting and variant."""
    rows = [(cell.setting, cell.variant) for cell in _cells(study) if not cell.is_dense]
    return pd.DataFrame(rows, columns=["setting", "variant"])


def _cells(study: Study) -> Iterator[Cell]:
    for variant in (BASELINE, *study.params.variants):
        yield from study.cells(variant).values()


def _used(study: Study, run: Run) -> NDArray[np.bool_]:
    """Return which inputs are not zero in all images that a run trained on, as one image (1, inputs)."""
    images = study.replicate(run, run.split).train_images
    return np.asarray(images.reshape(len(images), -1).any(axis=0, keepdims=True))


def _of(run: Run, network: Network, used: NDArray[np.bool_], images: Single) -> dict[str, Any]:
    masks = pruning.live(network, used)
    weights = pruning.chosen(network, masks).astype(np.float64)
    live = network.kernels[0][masks[0][:, 0]]
    place = {"setting": run.setting, "variant": run.variant, "split": run.split, "init": run.init}
    return place | {
        "norm": float(np.sqrt((weights**2).sum())),
        "directions": diagnostics.directions(live),
        "gradient": float(sensitivity.jacobian_norm(network, images).mean()),
    }
