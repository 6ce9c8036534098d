"""The metrics: every number that is recorded, averaged, compared or shown, described once.

A new score of a network is one function in `science.scores` and one entry here. Tables, comparisons, the
notes in MLflow and the page read everything else from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import numpy as np

Values = TypeVar("Values", float, np.ndarray)
LOWER_IS_BETTER = ("better", "worse")
GAP = ("narrower", "wider")  # a narrow gap is no merit in itself
NEITHER = ("lower", "higher")


@dataclass(frozen=True)
class Metric:
    """A metric: what it is called, and how its values are shown.

    name, label, unit: its key in tables, its name in a text, and the unit of what is shown.
    digits: the decimals that are shown.
    scale: what a recorded value is multiplied by to get one in `unit`.
    difference_unit: the unit of a difference between two values.
    words: what a fall and a rise are called.
    part: the part of the data on which a run records it.
    between: the two recorded metrics whose difference it is. A metric with neither `part` nor `between` is
        estimated from all replicates of a cell together.
    headline: its name among the few that stand for a cell (`overview.csv`, `reports/metrics/study.json`).
    """

    name: str
    label: str
    unit: str
    digits: int
    scale: float = 1.0
    difference_unit: str = ""
    words: tuple[str, str] = LOWER_IS_BETTER
    part: Literal["test", "train", "validation", ""] = ""
    between: tuple[str, str] | None = None
    headline: str = ""

    @property
    def direction(self) -> Literal["lower", "higher", "neither"]:
        """Return which values are better."""
        if "better" not in self.words:
            return "neither"
        return "lower" if self.words[0] == "better" else "higher"

    @property
    def heading(self) -> str:
        """Return the head of a column of its values, such as `test error, %`."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def shown(self, final: Mapping[str, float]) -> float:
        """Return its value in `unit`, from the scores that a run recorded.

        Raises KeyError if they lack it.
        """
        if self.between is None:
            return self.scale * final[self.name]
        minuend, subtrahend = self.between
        return self.scale * (final[minuend] - final[subtrahend])

    def written(self, value: float) -> str:
        """Return a recorded value as text, in `unit` and without naming it."""
        return f"{self.scale * value:.{self.digits}f}"

    def word(self, difference: float) -> str:
        """Return what a difference is called, such as `better` or `wider`."""
        fall, rise = self.words
        return fall if difference < 0 else rise


_share = partial(Metric, unit="%", digits=2, scale=100.0, difference_unit="points")
_nats = partial(Metric, unit="nats", digits=3, difference_unit="nats")
_gap_of_losses = ("test_cross_entropy", "train_cross_entropy")
_TABLE = (
    _share("test_error", "test error", part="test", headline="test_error"),
    _nats("test_cross_entropy", "test cross-entropy", part="test", headline="test_cross_entropy"),
    _share("train_error", "train error", part="train"),
    _nats("train_cross_entropy", "train cross-entropy", part="train"),
    _share("error_gap", "gap of the error", between=("test_error", "train_error"), words=GAP),
    _nats("cross_entropy_gap", "gap", between=_gap_of_losses, words=GAP, headline="gap"),
    _share("validation_error", "validation error", part="validation"),
    _nats("validation_cross_entropy", "validation cross-entropy", part="validation"),
    Metric("best_epoch", "best epoch", "", 0, difference_unit="epochs", words=NEITHER, part="validation"),
    Metric("squared_error_risk", "squared error", "", 4),
    Metric("squared_error_bias", "bias²", "", 4, words=NEITHER, headline="bias"),
    Metric("squared_error_variance", "variance", "", 4, words=NEITHER, headline="variance"),
    _nats("cross_entropy_risk", "cross-entropy"),
    _nats("cross_entropy_bias", "bias of the cross-entropy", words=NEITHER),
    _nats("cross_entropy_variance", "variance of the cross-entropy", words=NEITHER),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _TABLE}


def recorded() -> list[Metric]:
    """Return the metrics that a run records, where it has that part of the data."""
    return [metric for metric in METRICS.values() if metric.part]


def held_out() -> list[str]:
    """Return the names of those that are recorded only where images are held out for validation."""
    return [metric.name for metric in recorded() if metric.part == "validation"]


def scores() -> list[str]:
    """Return the names of the metrics that every run has, and that are averaged and compared."""
    everywhere = ("test", "train")
    return [metric.name for metric in METRICS.values() if metric.part in everywhere or metric.between]


def headline() -> dict[str, str]:
    """Return the metrics that stand for a cell: their names there by their names."""
    return {metric.name: metric.headline for metric in METRICS.values() if metric.headline}


def compared() -> list[str]:
    """Return the names of the scores that are in the headline."""
    return [name for name in scores() if METRICS[name].headline]


def scaled(name: str, values: Values) -> Values:
    """Return recorded values in the unit of their metric.

    What is no metric, such as the loss that was optimised, stays as it is.
    """
    return METRICS[name].scale * values if name in METRICS else values
