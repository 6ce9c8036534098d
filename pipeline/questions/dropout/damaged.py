"""How much the test error rises when the test images are damaged, with dropout and without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.datasets.seeds import generator
from pipeline.plan import Run
from pipeline.questions.dropout import compared
from pipeline.questions.study import Study, scaled
from pipeline.science import damage
from pipeline.science.network import Network

# The levels of each kind of damage; the last is judged.
LEVELS: dict[str, tuple[float, ...]] = {
    "noise": (0.15, 0.3),  # standard deviation, of pixels in [0, 1]
    "blur": (0.5, 1.0),  # standard deviation of the Gaussian, in pixels
    "shift": (2,),  # pixels; four directions a level
}
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
IMAGES = 2000  # no more of the test images: each is scored under every damage
COLUMNS = [*compared.REPLICATE, "damage", "level", "error", "rise"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `damaged`, a row a run, kind of damage and level; level 0 is none.

    `error` is in percent and `rise` in points above that of the images as they are. A shift is the mean over
    four directions. Both networks see the same damaged images. Distractors stay as they are.
    """
    rows = []
    for pair in compared.cells(study):
        labels, versions = _versions(study, pair[0].run)
        for cell in pair:
            for run, network in cell.networks():
                errors = [
                    (kind, level, _mean_error(network, shown, labels)) for kind, level, shown in versions
                ]
                intact = errors[0][2]
                rows += [
                    compared.replicate(run)
                    | {"damage": kind, "level": level, "error": error, "rise": error - intact}
                    for kind, level, error in _with_none(errors)
                ]
    return {"damaged": pd.DataFrame(rows, columns=COLUMNS)}


def _mean_error(network: Network, versions: list[np.ndarray], labels: np.ndarray) -> float:
    return float(np.mean([compared.error(network.logits(images), labels) for images in versions]))


def _versions(study: Study, run: Run) -> tuple[np.ndarray, list[tuple[str, float, list[np.ndarray]]]]:
    """Return the labels (m,), and the images as they are and under every damage, as the networks see them."""
    data = study.replicate(run, run.split)
    every = -(-len(data.test_labels) // IMAGES)
    width = study.images(run).test_images.shape[2]
    images = data.test_images[::every]
    real, beside = images[:, :, :width].astype(np.float32) / np.float32(255), scaled(images[:, :, width:])
    rng = generator("damage", run.source)

    def seen(pictures: np.ndarray) -> np.ndarray:
        whole = [pictures, beside.reshape(*images.shape[:2], -1, *images.shape[3:])]
        return np.concatenate(whole, axis=2).reshape(len(images), -1)

    damaged = [
        *(("noise", level, [damage.noisy(real, level, rng)]) for level in LEVELS["noise"]),
        *(("blur", level, [damage.blurred(real, level)]) for level in LEVELS["blur"]),
        *(
            ("shift", level, [damage.shifted(real, int(level) * d, int(level) * r) for d, r in DIRECTIONS])
            for level in LEVELS["shift"]
        ),
    ]
    versions = [("", 0.0, [real]), *damaged]
    return data.test_labels[::every], [(k, level, [*map(seen, shown)]) for k, level, shown in versions]


def _with_none(errors: list[tuple[str, float, float]]) -> Iterator[tuple[str, float, float]]:
    """Yield the errors with that of the images as they are before those of every kind of damage."""
    (_, _, intact), *others = errors
    for kind in LEVELS:
        yield kind, 0.0, intact
        yield from (row for row in others if row[0] == kind)
