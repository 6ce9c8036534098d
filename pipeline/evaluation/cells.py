"""A cell: the replicates of one variant under one condition, with their scores and predictions.

Errors are in percent, losses in nats, and `bias` is the squared bias where the loss is squared error.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import records
from pipeline.errors import UserError
from pipeline.records import Record
from pipeline.science import bias_variance, comparison
from pipeline.science.softmax import log_softmax

# The scores of a run that are averaged and compared; `gap` is test minus train.
SCORES = (
    "test_error",
    "test_cross_entropy",
    "train_error",
    "train_cross_entropy",
    "error_gap",
    "cross_entropy_gap",
)
LOSSES = {
    "squared_error": bias_variance.squared_error,
    "cross_entropy": bias_variance.cross_entropy,
}
PARTS = ("risk", "bias", "variance")


@dataclass(frozen=True)
class Cell:
    """The records of a cell on a grid of D splits x I inits, and their test predictions.

    `log_probabilities` is (D, I, M, C).
    """

    grid: list[list[Record]]
    log_probabilities: np.ndarray

    @property
    def setting(self) -> str:
        """Return the name of the setting."""
        return self.grid[0][0].run.setting

    @property
    def variant(self) -> str:
        """Return the name of the variant."""
        return self.grid[0][0].run.variant

    def score(self, name: str) -> np.ndarray:
        """Return a score of every run, (D, I); errors in percent."""
        return np.array([[score(record, name) for record in row] for row in self.grid])

    def wrong(self, labels: np.ndarray) -> np.ndarray:
        """Return the error of every replicate on every test image in percent, (n, M), inits averaged.

        Where there is one training set the inits are the replicates.
        """
        wrong = 100.0 * (self.log_probabilities.argmax(axis=-1) != labels)
        return wrong[0] if len(wrong) == 1 else np.asarray(wrong.mean(axis=1))

    def first(self, splits: int, inits: int = 1) -> Cell:
        """Return the cell of the first splits and inits alone."""
        return Cell([row[:inits] for row in self.grid[:splits]], self.log_probabilities[:splits, :inits])

    def decomposed(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Return risk, bias and variance by loss, each (1 + n,): of all n replicates, then without each.

        The replicates are the splits; where there is one training set, the inits.
        """
        models = self.log_probabilities
        if len(models) == 1:
            models = models.swapaxes(0, 1)
        return {
            f"{loss}_{part}": values
            for loss in LOSSES
            for part, values in _without_each(models, labels, loss).items()
        }


def read(root: Path, part: str) -> Iterator[Cell]:
    """Read the cells of a part of the study, in the order of its plan; one is in memory at a time."""
    groups: dict[str, list[Record]] = {}
    for record in records.read(root, part):
        groups.setdefault(record.run.cell, []).append(record)
    for name, members in groups.items():
        inits = 1 + max(record.run.init for record in members)
        grid = [members[first : first + inits] for first in range(0, len(members), inits)]
        logits = records.read_logits(root, part, name)
        _check_finite(members, logits)
        yield Cell(grid, log_softmax(logits).reshape(len(grid), inits, *logits.shape[1:]))


def _check_finite(members: list[Record], logits: np.ndarray) -> None:
    for record, own in zip(members, logits, strict=True):
        if not np.isfinite(own).all():
            raise UserError(
                f"{record.run.name}: expected finite logits, received a run that diverged; give the variant "
                "milder parameters or the setting a lower learning rate"
            )


def score(record: Record, name: str) -> float:
    """Return a score of a finished run; errors in percent."""
    final: Mapping[str, float] = record.final
    if name.endswith("_gap"):
        loss = name.removesuffix("_gap")
        value = final[f"test_{loss}"] - final[f"train_{loss}"]
    else:
        value = final[name]
    return 100.0 * value if "error" in name else value


def _without_each(models: np.ndarray, labels: np.ndarray, loss: str) -> dict[str, np.ndarray]:
    @functools.cache  # the three parts are of the same decompositions
    def of(*kept: int) -> bias_variance.Decomposition:
        return LOSSES[loss](models[list(kept)], labels).mean()

    def statistic(part: str, kept: np.ndarray) -> float:
        return float(getattr(of(*kept.tolist()), part))

    return {part: comparison.leave_one_out(functools.partial(statistic, part), len(models)) for part in PARTS}
