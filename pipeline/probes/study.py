"""What a probe may look at: the records, the data and the parameters of the finished runs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import records
from pipeline.data import prepared
from pipeline.evaluation import cells
from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE, Params
from pipeline.plan import Run
from pipeline.records import Record
from pipeline.science.network import Network


@dataclass(frozen=True, eq=False)
class Study:
    """The finished study below `root`."""

    root: Path
    params: Params

    @property
    def test_labels(self) -> np.ndarray:
        """Return the labels (M,) of the test images."""
        return prepared.read_images(self.root).test_labels

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return 1 + int(prepared.read_images(self.root).train_labels.max())

    def test_sample(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return no more than `most` test images (m, pixels), float32 in [0, 1], and their labels (m,).

        They lie evenly over the whole: the first of MNIST's are harder than the last.
        """
        images = prepared.read_images(self.root)
        every = -(-len(images.test_labels) // most)
        return scaled(images.test_images[::every]), images.test_labels[::every]

    def replicate(self, setting: str, split: int) -> prepared.Replicate:
        """Return the data of the runs on one training set of a setting."""
        images = prepared.read_images(self.root)
        return prepared.replicate(images, prepared.read_split(self.root, setting), split)

    def cells(self, part: str) -> dict[str, Cell]:
        """Return the cells of a part with their predictions, by name."""
        return {cell.grid[0][0].run.cell: cell for cell in cells.read(self.root, part)}

    @functools.cache  # noqa: B019 - a probe looks at one study, and ends
    def records(self, part: str) -> list[Record]:
        """Return the numbers of the runs of a part, in the order of the plan."""
        return records.read(self.root, part)

    def cell(self, part: str, cell: str) -> list[Record]:
        """Return the numbers of the runs (R) of a cell, in the order of the plan."""
        return [record for record in self.records(part) if record.run.cell == cell]

    def weights(self, part: str, cell: str) -> dict[str, np.ndarray]:
        """Return the final weights (R, ...) of the runs of a cell, by their paths."""
        return records.read_weights(self.root, part, cell)

    def networks(self, variant: str) -> Iterator[tuple[Run, Network]]:
        """Yield the trained networks of the baseline and of a variant, in every setting that has both."""
        if variant not in self.params.parts:
            return
        settings = {record.run.setting for record in self.records(variant)}
        for part in (BASELINE, variant):
            for setting in (name for name in self.params.settings if name in settings):
                cell = f"{setting}/{part}"
                weights = self.weights(part, cell)
                for number, record in enumerate(self.cell(part, cell)):
                    own = {path: values[number] for path, values in weights.items()}
                    yield record.run, Network.of(own, record.run.activation)


def scaled(images: np.ndarray) -> np.ndarray:
    """Return images (n, ...) as the networks see them: float32 (n, pixels) in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255.0)


def replicate(rows: pd.DataFrame) -> str:
    """Return the column that tells the independent replicates of `rows` apart.

    These are the training sets, initialisations averaged first; the initialisations of a single one.
    """
    return "split" if rows.split.nunique() > 1 or "init" not in rows else "init"


def replicate_means(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the mean of a column by independent replicate, (n,), of `rows`, a row a run."""
    return rows.groupby(replicate(rows))[column].mean()


def strength(run: Run, step: int) -> float:
    """Return the strength of a run: the one field of its one regularizer, 0 at the start of a path."""
    return float(next(iter(next(iter(run.regularizers.values())).values()))) if step else 0.0
