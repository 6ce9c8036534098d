"""Learning rates over five decades, with batch normalization and without, and the covariate shift.

All on validation images: nothing here needs the test set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.records import Record

POINT = 1.0  # points of validation error within which a learning rate is as good as the best
# Training cross-entropy over ln C from which on nothing is learnt: the classes of a training set are not
# quite even, so that guessing by their shares is a little below ln C.
GUESSING = 0.95
AT = ["network", "variant", "split"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `runs`, a row a run; `summary`, a row a network, variant and training set; `shift`, by epoch.

    A run has diverged when a loss was not finite, or when it ended no better than guessing (GUESSING) where
    a smaller rate, of the same network on the same training set, did better: too small a rate ends there
    too, but then no smaller one does better. A rate is usable where the final validation error is within
    POINT of the lowest that the network reaches on that training set, normalized or not: a standard that
    is common to both, and may leave none. `largest_usable` is the log10 of the largest rate within POINT of
    the lowest that this variant itself reaches there, which there always is.
    """
    rows, shifts = [], []
    records = _records(study)
    for record in records:
        network, _, _ = record.run.label.partition("/")
        place = {"network": network, "variant": record.run.variant, "split": record.run.split}
        if record.run.shift_every:
            shifts += _shift(record, place)
        else:
            rows.append(place | _run(record))
    classes = 1 + int(study.images(records[0].run).train_labels.max())
    runs = _judged(pd.DataFrame(rows), GUESSING * math.log(classes))
    by_key = {record.run.key: record for record in records}
    return {"runs": runs, "summary": _summary(by_key, runs), "shift": pd.DataFrame(shifts)}


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


def _summary(records: Mapping[str, Record], runs: pd.DataFrame) -> pd.DataFrame:
    """Return what the claims compare: a row a network, variant and training set."""
    lowest = runs.groupby(["network", "split"]).validation_error.transform("min")
    usable = runs[runs.validation_error <= lowest + POINT]
    means = runs.groupby(["network", "variant", "learning_rate"]).validation_error.mean()
    best = means.groupby(["network", "variant"]).idxmin().map(lambda at: at[-1])
    rows = []
    for (network, variant, split), tried in runs.groupby(AT, sort=False):
        good = usable[(usable[AT] == [network, variant, split]).all(axis=1)].learning_rate
        near = tried[tried.validation_error <= tried.validation_error.min() + POINT].learning_rate
        at_best = tried[tried.learning_rate == best[network, variant]].iloc[0]
        target = runs[(runs[AT] == [network, BASELINE, split]).all(axis=1)]
        plain = target[target.learning_rate == best[network, BASELINE]].validation_error.iloc[0]
        rows.append(
            {
                "network": network,
                "variant": variant,
                "split": split,
                "usable_share": len(good) / len(tried),
                "largest_usable": math.log10(near.max()),
                "diverged_share": float(tried.diverged.mean()),
                "best_rate": best[network, variant],
                "best_error": at_best.validation_error,
                "cross_entropy_gap": at_best.cross_entropy_gap,
                "epochs_to_plain": _epochs(records[str(at_best.run_key)], plain + POINT),
            }
        )
    return pd.DataFrame(rows)


def _epochs(record: Record, error: float) -> int:
    """Return the first epoch with at most this validation error; one more than there are if none has."""
    reached = np.flatnonzero(100 * record.history["validation_error"] <= error)
    return int(reached[0]) + 1 if reached.size else record.run.epochs + 1


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
