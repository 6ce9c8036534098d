"""What the claims compare: a row a network, variant and training set, from the runs at every rate."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.records import Record

AT = ["network", "variant", "split"]
METHOD = ["network", "variant"]
POINT = 1.0  # points of validation error to that of the plain networks, within which a network has caught up


def summary(records: Mapping[str, Record], runs: pd.DataFrame, guessing: float) -> pd.DataFrame:
    """Return the rows, from the runs, their records by key, and the error of guessing in percent.

    A rate works where the final validation error lies nearer to the lowest than to that of guessing.
    `usable_rates` counts the rates that work by the lowest error on that training set, normalized or not: a
    standard that is common to both, and may leave none. `largest_usable` is the largest rate that works by
    the lowest error of this variant itself, which there always is, and `largest_place` its place among the
    rates, from 1. `diverged_rates` counts the runs that diverged. `best_rate` and `best_epoch` have the
    lowest validation loss, as a mean over the training sets; error (percent) and gap (nats) are those of
    that epoch. `epochs_to_plain` is the first epoch, at the best rate, within POINT of the mean error of the
    plain networks there; one more than there are, where none is. (A plain network that guesses to the end has
    its own error from the first epoch on.)
    """
    places = {rate: 1 + place for place, rate in enumerate(sorted(runs.learning_rate.unique()))}
    error = runs.validation_error
    usable = error <= _halfway(error.groupby([runs.network, runs.split]).transform("min"), guessing)
    own = error <= _halfway(error.groupby([runs[name] for name in AT]).transform("min"), guessing)
    largest = runs.learning_rate.where(own).groupby([runs[name] for name in AT]).max()
    best = {method: _best(records, tried) for method, tried in runs.groupby(METHOD, sort=False)}
    at_best = {
        (*method, row.split): records[row.run_key]
        for method, (rate, _) in best.items()
        for row in _of(runs, *method).itertuples()
        if row.learning_rate == rate
    }
    plain: dict[str, list[float]] = {}
    for (network, variant, _), record in at_best.items():
        if variant == BASELINE:
            error_there = record.history["validation_error"][best[network, BASELINE][1] - 1]
            plain.setdefault(network, []).append(100 * error_there)
    rows = []
    for (network, variant, split), tried in runs.groupby(AT, sort=False):
        rate, epoch = best[network, variant]
        record = at_best[network, variant, split]
        history = record.history
        rows.append(
            {
                "network": network,
                "variant": variant,
                "split": split,
                "usable_rates": int(usable[tried.index].sum()),
                "largest_usable": float(largest[network, variant, split]),
                "largest_place": places[largest[network, variant, split]],
                "diverged_rates": int(tried.diverged.sum()),
                "best_rate": rate,
                "best_epoch": epoch,
                "best_error": 100 * history["validation_error"][epoch - 1],
                "cross_entropy_gap": (history["validation_cross_entropy"] - history["train_cross_entropy"])[
                    epoch - 1
                ],
                "epochs_to_plain": _epochs(record, float(np.mean(plain[network])) + POINT),
            }
        )
    return pd.DataFrame(rows)


def _halfway(lowest: pd.Series, guessing: float) -> pd.Series:
    """Return the error halfway from the lowest to guessing; the lowest where that is above guessing."""
    return (lowest + guessing).div(2).clip(lower=lowest)


def _of(runs: pd.DataFrame, network: str, variant: str) -> pd.DataFrame:
    return runs[(runs.network == network) & (runs.variant == variant)]


def _best(records: Mapping[str, Record], tried: pd.DataFrame) -> tuple[float, int]:
    """Return the rate and the epoch, from 1, with the lowest mean validation loss over the training sets.

    Where a network diverged on one of them the mean is not finite, and the rate is out from there on.
    """
    means = {
        float(rate): np.mean(
            [records[key].history["validation_cross_entropy"] for key in rows.run_key], axis=0
        )
        for rate, rows in tried.groupby("learning_rate")
    }
    losses = np.array(list(means.values()))  # (rates, E)
    at = np.where(np.isfinite(losses), losses, math.inf).argmin()
    rate, epoch = np.unravel_index(at, losses.shape)
    return list(means)[int(rate)], 1 + int(epoch)


def _epochs(record: Record, error: float) -> int:
    """Return the first epoch with at most this validation error; one more than there are if none has."""
    reached = np.flatnonzero(100 * record.history["validation_error"] <= error)
    return int(reached[0]) + 1 if reached.size else record.run.epochs + 1
