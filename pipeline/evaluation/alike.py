"""The gap with train and test labelled alike, where some training labels are wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.science import label_noise


def gaps(cell: Cell, labels: np.ndarray) -> pd.DataFrame:
    """Return a row a run: `error_gap` in points and `cross_entropy_gap` in nats, test minus train.

    The training scores are those on the labels that were trained on. Where some of these are wrong, the test
    scores are the expected ones if as many of the test `labels` (M,) were, so that the two differ by the
    images alone. Where none is wrong, they are the recorded scores.
    """
    share = wrong_share(cell.run)
    rows = []
    for by_init, logs_by_init in zip(cell.grid, cell.log_probabilities, strict=True):
        for record, logs in zip(by_init, logs_by_init, strict=True):
            final = record.final
            error, cross_entropy = final["test_error"], final["test_cross_entropy"]
            if share:
                error, cross_entropy = label_noise.expected_scores(logs, labels, share)
            rows.append(
                {"setting": cell.setting, "variant": cell.variant}
                | {"split": record.run.split, "init": record.run.init}
                | {"error_gap": 100.0 * (error - final["train_error"])}
                | {"cross_entropy_gap": cross_entropy - final["train_cross_entropy"]}
            )
    return pd.DataFrame(rows)


def wrong_share(run: Run) -> float:
    """Return the share of a run's training labels that are wrong: a whole number of them is."""
    return round(run.label_noise * run.train_size) / run.train_size
