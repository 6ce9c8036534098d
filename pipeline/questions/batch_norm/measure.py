"""Learning rates over decades, with batch normalization and without, and the covariate shift.

All on validation images: nothing here needs the test set.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.batch_norm.compared import AT, summary
from pipeline.questions.study import Study
from pipeline.records import Record

# Training cross-entropy over ln C from which on nothing is learnt: the classes of a training set are not
# quite even, so that guessing by their shares is a little below ln C.
GUESSING = 0.95
ENDED = ["validation_error", "cross_entropy_gap"]  # what the shift is held against, at the end of its run


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `runs`, `summary`, `shift` and `chain`.

    `runs` has a row a run; `summary` and `chain` a row a network, variant and training set; `shift` a row a
    layer and epoch. `chain` has the relative shift (`decades`, mean of log10 over layers and epochs), and
    error and gap at the end of the very runs that the shift was measured in.
    A run has diverged when a loss was not finite, or when it ended no better than guessing (GUESSING) where
    a smaller rate, of the same network on the same training set, did better: too small a rate ends there
    too, but then no smaller one does better.
    """
    rows, shifts, chain = [], [], []
    records = _records(study)
    for record in records:
        network, _, _ = record.run.label.partition("/")
        place = {"network": network, "variant": record.run.variant, "split": record.run.split}
        if record.run.shift_every:
            by_layer = _shift(record, place)
            shifts += by_layer
            ended = {name: value for name, value in _run(record).items() if name in ENDED}
            chain.append(place | {"decades": decades(pd.DataFrame(by_layer)).mean()} | ended)
        else:
            rows.append(place | _run(record))
    counts = np.bincount(study.images(records[0].run).train_labels)
    runs = _judged(pd.DataFrame(rows), GUESSING * math.log(len(counts)))
    guessing = 100.0 * (1 - counts.max() / counts.sum())
    by_key = {record.run.key: record for record in records}
    return {
        "runs": runs,
        "summary": summary(by_key, runs, guessing),
        "shift": pd.DataFrame(shifts),
        "chain": pd.DataFrame(chain, columns=[*AT, "decades", *ENDED]),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return the means over the training sets, by network and variant."""
    means = tables["summary"].groupby(["network", "variant"], sort=False).mean(numeric_only=True)
    shift = tables["shift"].groupby(["network", "variant"], sort=False).shift_relative.mean()
    numbers: dict[str, Any] = {}
    for (network, variant), row in means.drop(columns="split").iterrows():
        rounded = {name: round(float(value), 5) for name, value in row.items()}
        rounded["shift_relative"] = round(float(shift[network, variant]), 5)
        numbers.setdefault(network, {})[variant] = rounded
    return numbers


def _records(study: Study) -> list[Record]:
    """Return the records network by network, and of each method by method."""
    cells = list(study.own(BASELINE, study.section.variant))
    networks = list(study.section.networks)
    cells.sort(key=lambda cell: networks.index(cell.label.partition("/")[0]))
    return [record for cell in cells for record in cell.records]


def _run(record: Record) -> dict[str, Any]:
    final = record.final
    return {
        "learning_rate": record.run.optimizer.learning_rate,
        "run_key": record.run.key,
        "finite": bool(np.isfinite(record.history["loss"]).all()),
        "train_cross_entropy": final["train_cross_entropy"],
        "validation_error": 100 * final["validation_error"],
        "validation_cross_entropy": final["validation_cross_entropy"],
        "cross_entropy_gap": final["validation_cross_entropy"] - final["train_cross_entropy"],
    }


def _judged(runs: pd.DataFrame, guessing: float) -> pd.DataFrame:
    """Add which runs have diverged."""
    learnt = runs.train_cross_entropy < guessing
    smallest = runs.learning_rate.where(learnt).groupby([runs[name] for name in AT]).transform("min")
    return runs.assign(diverged=~runs.finite | (~learnt & (runs.learning_rate > smallest)))


def decades(shift: pd.DataFrame) -> pd.Series:
    """Return log10 of the relative shift; NaN where the layers below stand still, or a network blew up."""
    moved = np.isfinite(shift.shift_relative) & (shift.shift_relative > 0)
    return np.log10(shift.shift_relative.where(moved))


def _shift(record: Record, place: dict[str, Any]) -> list[dict[str, Any]]:
    layers = [
        name.removeprefix("shift_cosine_") for name in record.history if name.startswith("shift_cosine_")
    ]
    return [
        place
        | {"layer": layer, "epoch": epoch}
        | {
            measure: record.history[f"{measure}_{layer}"][epoch - 1]
            for measure in ("shift", "shift_relative", "shift_cosine")
        }
        for layer in layers
        for epoch in range(1, record.run.epochs + 1)
    ]
