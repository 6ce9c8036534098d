"""Early stopping against the best epoch in hindsight, and what it memorises.

The rule is applied to the full histories of the baseline: until it stops, early stopping is the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.evaluation.memorised import shares
from pipeline.params import BASELINE
from pipeline.plan import Run
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.records import Record
from pipeline.science import stopping

PATIENCES = (1, 2, 3, 5, 7, 10, 15, 20)
SHOWN_PATIENCE = 5  # the one that sentences and metrics speak of
CRITERIA = ("cross_entropy", "error")
LAST = 5  # epochs at the end of a history whose mean is where it ended
REPLICATE = ["setting", "split", "init"]
REGRETS = ["loss_regret", "error_regret", "epochs_saved"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `stops`, `rises` and `memorised`, a row a run (and criterion and patience, or variant).

    Errors in points, losses in nats, regrets against the lowest value of the whole history; shares of the
    wrong labels in [0, 1].
    """
    baselines, stopped = study.cells(BASELINE), study.cells("early_stopping")
    stops: list[dict[str, Any]] = []
    rises: list[dict[str, Any]] = []
    memorised: list[dict[str, Any]] = []
    for setting, baseline in baselines.items():
        if not baseline.run.validation_size:
            continue
        for record in _watched(baseline):
            stops += _stops(record)
        if setting in stopped:
            patience = stopped[setting].run.regularizers["early_stopping"]["patience"]
            rises += [_rise(record, patience) for record in _watched(baseline)]
            for cell in (baseline, stopped[setting]):
                memorised += shares(study.root, cell).to_dict("records")
    columns = ["criterion", "patience", "stopped", "restored", "best_epoch", "epochs_saved"]
    return {
        "stops": pd.DataFrame(stops, columns=[*REPLICATE, *columns, "loss_regret", "error_regret"]),
        "rises": pd.DataFrame(rises, columns=[*REPLICATE, "restored", "loss_rise", "error_rise"]),
        "memorised": pd.DataFrame(memorised, columns=[*REPLICATE, "variant", "seen", "unseen"]),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting, the regrets of the criteria at SHOWN_PATIENCE, and what was memorised."""
    by_setting: dict[str, Any] = {}
    stops = tables["stops"][tables["stops"].patience == SHOWN_PATIENCE]
    for (setting, criterion), means in stops.groupby(["setting", "criterion"])[REGRETS].mean().iterrows():
        numbers = {name: round(float(value), 4) for name, value in means.items()}
        by_setting.setdefault(setting, {})[criterion] = numbers
    for (setting, variant), seen in tables["memorised"].groupby(["setting", "variant"]).seen.mean().items():
        by_setting[setting][f"memorised_{variant}"] = round(float(seen), 4)
    return by_setting


def _replicate(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in REPLICATE}


def _watched(cell: Cell) -> Iterator[Record]:
    return (record for record in cell.records if record.run.curves)


def _curves(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return validation loss (E,) in nats and validation error (E,) in percent."""
    return record.history["validation_cross_entropy"], 100.0 * record.history["validation_error"]


def _stops(record: Record) -> Iterator[dict[str, Any]]:
    """Yield where the rule stops, a row a criterion and patience."""
    loss, error = _curves(record)
    for criterion, values in zip(CRITERIA, (loss, error), strict=True):
        best = stopping.best_epoch(values)
        for patience in PATIENCES:
            stop = stopping.stop(values, patience)
            yield _replicate(record.run) | {
                "criterion": criterion,
                "patience": patience,
                "stopped": stop.stopped,
                "restored": stop.restored,
                "best_epoch": best,
                "epochs_saved": len(values) - stop.stopped,
                "loss_regret": loss[stop.restored - 1] - loss.min(),
                "error_regret": error[stop.restored - 1] - error.min(),
            }


def _rise(record: Record, patience: int) -> dict[str, Any]:
    """Return by how much loss and error rise after the epoch that the rule on the loss restores."""
    loss, error = _curves(record)
    restored = stopping.stop(loss, patience).restored
    place = restored - 1
    return _replicate(record.run) | {
        "restored": restored,
        "loss_rise": loss[-LAST:].mean() / loss[place] - 1.0,
        "error_rise": error[-LAST:].mean() - error[place],
    }
