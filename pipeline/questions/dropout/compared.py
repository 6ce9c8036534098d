"""What dropout is compared with, and how: the same test images, network by network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE
from pipeline.plan import Run
from pipeline.questions.study import Study

REPLICATE = ["setting", "variant", "split", "init"]


def cells(study: Study) -> Iterator[tuple[Cell, Cell]]:
    """Yield the baseline, as it is, and the chosen dropout of every setting that has a dense dropout."""
    baseline = study.cells(BASELINE)
    for setting, dropout in study.dense("dropout").items():
        yield baseline[setting], dropout


def replicate(run: Run) -> dict[str, object]:
    """Return the columns that tell a run."""
    return {name: getattr(run, name) for name in REPLICATE}


def error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the error in percent of logits (n, C) against labels (n,)."""
    return 100.0 * float((logits.argmax(axis=1) != labels).mean())


def changed(predicted: list[np.ndarray], intact: np.ndarray) -> float:
    """Return the percentage of predictions, k arrays (n,), that are not those of the intact network (n,).

    Half a prediction is counted on either side, so that its logarithm exists where none changes.
    """
    count = sum(int((classes != intact).sum()) for classes in predicted)
    return 100.0 * (count + 0.5) / (len(predicted) * len(intact) + 1.0)


def said(table: pd.DataFrame, column: str, digits: int, unit: str = "", sign: str = "") -> str:
    """Return a column's means with dropout and without, from the lowest to the highest setting.

    As `1.2 to 3.4 points with dropout and 5.6 to 7.8 points without`.
    """
    means = table.groupby(["setting", "variant"])[column].mean().unstack()
    with_dropout, without = (_span(means[name], digits, unit, sign) for name in ("dropout", BASELINE))
    return f"{with_dropout} with dropout and {without} without"


def _span(values: pd.Series, digits: int, unit: str, sign: str) -> str:
    low, high = (f"{value:{sign}z.{digits}f}" for value in (values.min(), values.max()))
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"
