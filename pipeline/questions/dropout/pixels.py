"""What it costs to silence one input pixel, and one block of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.questions.dropout import compared
from pipeline.questions.study import Study
from pipeline.science.network import Network

APART = 4  # every so many rows and columns a pixel is silenced alone
BLOCK = 7  # rows and columns of a block; the blocks lie side by side
IMAGES = 1000  # no more of the test images: each is scored without many pixels
COLUMNS = [*compared.REPLICATE, "changed", "mean_rise", "worst_rise"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `pixels`, a row a run.

    `changed` is the percentage of predictions that change when one pixel is silenced, a mean over the pixels
    of a grid. `mean_rise` and `worst_rise` are by how many points the error rises without a block of pixels:
    the mean over the blocks, and the largest. A silent pixel is 0, as the background is. Distractors are no
    pixels of the image and stay as they are.
    """
    rows = []
    for pair in compared.cells(study):
        for cell in pair:
            sample = study.test_sample(cell.run, IMAGES)
            shape = study.replicate(cell.run, cell.run.split).test_images.shape[1:]
            width = study.images(cell.run).test_images.shape[2]
            alone, blocks = places(shape, width, 1, APART), places(shape, width, BLOCK, BLOCK)
            for run, network in cell.networks():
                rows.append(compared.replicate(run) | _of(network, *sample, alone, blocks))
    return {"pixels": pd.DataFrame(rows, columns=COLUMNS)}


def places(shape: tuple[int, ...], width: int, size: int, step: int) -> list[np.ndarray]:
    """Return the inputs of squares of `size` pixels that lie `step` apart, (inputs,) each.

    They lie within the first `width` columns of images of this shape (height, columns, ...); a square that
    is larger than the image is the image.
    """
    numbers = np.arange(np.prod(shape)).reshape(shape)[:, :width]
    rows, columns = (range(0, max(length - size, 0) + 1, step) for length in numbers.shape[:2])
    return [numbers[r : r + size, c : c + size].ravel() for r in rows for c in columns]


def _of(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    alone: list[np.ndarray],
    blocks: list[np.ndarray],
) -> dict[str, Any]:
    before = images @ network.kernels[0] + network.biases[0]

    def without(inputs: np.ndarray) -> np.ndarray:
        return network.from_layer(0, before - images[:, inputs] @ network.kernels[0][inputs])

    intact = network.from_layer(0, before.copy())  # some activations work in place
    by_pixel = [without(inputs).argmax(axis=1) for inputs in alone]
    error = compared.error(intact, labels)
    rises = [compared.error(without(inputs), labels) - error for inputs in blocks]
    return {
        "changed": compared.changed(by_pixel, intact.argmax(axis=1)),
        "mean_rise": float(np.mean(rises)),
        "worst_rise": max(rises),
    }
