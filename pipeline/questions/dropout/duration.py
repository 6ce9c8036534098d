"""How long dropout trains, against the baseline on the same replicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE
from pipeline.questions.study import Study
from pipeline.records import Record
from pipeline.science import stopping

TOLERANCE = 0.05  # of the baseline's best validation loss: the target that both are timed to
COLUMNS = ["setting", "split", "init", "variant", "epochs", "reached", "best_epoch", "steps"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `duration`, a row a run whose history was kept, in the settings that hold images out.

    `epochs` to the target, one more than were trained where it was not `reached`; `best_epoch` is that of the
    lowest validation cross-entropy. Both count from 1. `steps` are the optimizer's steps to the target, as
    many an epoch for both. Seconds are left out: a clock time would make every repetition another result.
    """
    baseline, rows = study.cells(BASELINE), []
    for setting, dropout in study.cells("dropout").items():
        if dropout.run.validation_size:
            for pair in zip(_watched(baseline[setting]), _watched(dropout), strict=True):
                rows += _durations(*pair)
    return {"duration": pd.DataFrame(rows, columns=COLUMNS)}


def _watched(cell: Cell) -> Iterator[Record]:
    return (record for record in cell.records if record.run.curves)


def _durations(baseline: Record, dropout: Record) -> list[dict[str, Any]]:
    target = (1.0 + TOLERANCE) * baseline.history["validation_cross_entropy"].min()
    rows = []
    for record in (baseline, dropout):
        run, loss = record.run, record.history["validation_cross_entropy"]
        epochs, reached = stopping.epochs_to(loss, target)
        best = stopping.best_epoch(loss)
        steps = epochs * -(-run.train_size // run.batch_size)
        values = (run.setting, run.split, run.init, run.variant, epochs, reached, best, steps)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows
