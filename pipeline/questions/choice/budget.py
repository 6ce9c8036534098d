"""Which method is ahead when a share of the epochs is over, from the histories of the settings' runs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.records import Record

SHARES = (0.25, 0.5, 1.0)
COLUMNS = ["condition", "method", "split", "init", "share", "epoch", "validation_error"]


def table(cells: Iterable[Cell]) -> pd.DataFrame:
    """Return a row a run and share of the epochs: its validation error in percent when these are over.

    The epochs are those of the setting. A run that stopped earlier keeps what it had. Early stopping counts
    with the weights that it would restore. The tuned baseline is left out, for it may not train for longer.
    """
    listed = list(cells)
    epochs = {cell.setting: cell.run.epochs for cell in listed if cell.variant == BASELINE}
    rows = []
    for cell in listed:
        if cell.variant == TUNED_BASELINE:
            continue
        for record in (record for record in cell.records if record.run.curves):
            for share in SHARES:
                over = max(round(share * epochs[cell.setting]), 1)
                epoch = kept(record, over)
                error = 100.0 * record.history["validation_error"][epoch - 1]
                run = record.run
                rows.append((cell.setting, cell.variant, run.split, run.init, share, epoch, error))
    return pd.DataFrame(rows, columns=COLUMNS)


def kept(record: Record, over: int) -> int:
    """Return the epoch, from 1, whose weights a run would have if it ended after so many."""
    losses = record.history["validation_cross_entropy"][:over]
    if "early_stopping" in record.run.regularizers:
        return 1 + int(np.argmin(losses))
    return len(losses)
