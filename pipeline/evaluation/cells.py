"""A cell: the replicates of one method under one condition, with their scores and predictions.

Errors are in percent, losses in nats, and `bias` is the squared bias where the loss is squared error.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import special

from pipeline import records
from pipeline.plan import Run
from pipeline.records import FinishedCell, Record
from pipeline.regularizers import discover
from pipeline.science import bias_variance, comparison, metrics
from pipeline.science.network import Network
from pipeline.system.errors import UserError

LOSSES = {
    "squared_error": bias_variance.squared_error,
    "cross_entropy": bias_variance.cross_entropy,
}
TERMS = ("risk", "bias", "variance")


@dataclass(frozen=True)
class Cell:
    """The records of a cell, which `stage` trained below `root`, on a grid of D splits x I inits."""

    root: Path
    stage: str
    grid: list[list[Record]]

    @property
    def run(self) -> Run:
        """Return the first run."""
        return self.grid[0][0].run

    @property
    def setting(self) -> str:
        """Return the name of the condition."""
        return self.run.setting

    @property
    def variant(self) -> str:
        """Return the name of the variant."""
        return self.run.variant

    @property
    def label(self) -> str:
        """Return what the question that asks for it calls it; nothing of a cell of the settings."""
        return self.run.label

    @property
    def records(self) -> list[Record]:
        """Return the records in the order of the plan."""
        return [record for row in self.grid for record in row]

    @cached_property
    def log_probabilities(self) -> np.ndarray:
        """Return the predictions (D, I, M, C) on the test images.

        Raises UserError for a run that diverged.
        """
        logits = [records.read_logits(self.root, self.stage, record.run.key) for record in self.records]
        for record, values in zip(self.records, logits, strict=True):
            if not np.isfinite(values).all():
                raise UserError(
                    f"{record.run.name}: expected finite logits, received a run that diverged; give the "
                    "variant milder parameters or the setting a lower learning rate"
                )
        stacked = np.stack(logits)
        logs = special.log_softmax(stacked.astype(np.float64), axis=-1)
        return np.asarray(logs.reshape(len(self.grid), len(self.grid[0]), *stacked.shape[1:]))

    @property
    def is_dense(self) -> bool:
        """Tell whether its networks can be applied here, which are then `networks`.

        They can where they are dense, and batch normalization is all that stands before an activation.
        """
        added = (name for name in self.run.regularizers if discover()[name].uses("before_activation"))
        return "dense" in self.run.network and set(added) <= {"batch_norm"}

    def networks(self) -> Iterator[tuple[Run, Network]]:
        """Yield the trained networks, in the order of the plan, of a cell that is dense."""
        for record in self.records:
            weights = records.read_weights(self.root, self.stage, record.run.key)
            yield record.run, Network.of(weights, record.run.network["dense"]["activation"])

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
        return Cell(self.root, self.stage, [row[:inits] for row in self.grid[:splits]])

    def decomposed(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Return risk, bias and variance by loss, each (1 + n,): of all n replicates, then without each.

        The replicates are the splits; where there is one training set, the inits.
        """
        models = self.log_probabilities
        if len(models) == 1:
            models = models.swapaxes(0, 1)
        return {
            f"{loss}_{term}": values
            for loss in LOSSES
            for term, values in _without_each(models, labels, loss).items()
        }


def read(root: Path, stage: str, question: str = "") -> Iterator[Cell]:
    """Read the cells that the settings or a question asked of a stage, in the order of its plan."""
    for finished in records.cells(root, stage).values():
        if finished.reported[0].run.question == question:
            yield _cell(root, stage, finished)


def _cell(root: Path, stage: str, finished: FinishedCell) -> Cell:
    # Curves that somebody else has asked for are none of this cell's.
    reported = [r if r.run.scored else records.without_curves(r) for r in finished.reported]
    inits = 1 + max(record.run.init for record in reported)
    starts = range(0, len(reported), inits)
    return Cell(root, stage, [reported[start : start + inits] for start in starts])


def score(record: Record, name: str) -> float:
    """Return a score of a finished run; errors in percent."""
    return metrics.METRICS[name].shown(record.final)


def scaled(images: np.ndarray) -> np.ndarray:
    """Return images (n, ...) as the networks see them: float32 (n, pixels) in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255.0)


def _without_each(models: np.ndarray, labels: np.ndarray, loss: str) -> dict[str, np.ndarray]:
    of_draws = bias_variance.of_draws(LOSSES[loss], models, labels)

    @functools.cache  # the three terms are of the same decompositions
    def of(*kept: int) -> bias_variance.Decomposition:
        return of_draws(np.array(kept))

    def statistic(term: str, kept: np.ndarray) -> float:
        return float(getattr(of(*kept.tolist()), term))

    return {term: comparison.leave_one_out(functools.partial(statistic, term), len(models)) for term in TERMS}
