"""When training would have stopped, and when it reached a target, from recorded histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import check_finite


@dataclass(frozen=True)
class Stop:
    """The last epoch trained and the one whose weights are kept, counted from 1."""

    stopped: int
    restored: int


def stop(values: ArrayLike, patience: int) -> Stop:
    """Apply Keras' rule of early stopping to a history (E,) of a quantity to be minimised.

    Training ends at the first epoch that is the `patience`-th in a row without a value below the best so
    far, or at the last; the best epoch, the first of equals, is restored. Raises ValueError for patience
    below 1 and for values that are not finite.
    """
    history = check_finite("values", values, ("E",))
    if patience < 1:
        raise ValueError(f"patience: expected at least 1, received {patience}")
    best = 0
    for epoch in range(1, history.size):
        if history[epoch] < history[best]:
            best = epoch
        elif epoch - best >= patience:
            return Stop(epoch + 1, best + 1)
    return Stop(history.size, best + 1)


def best_epoch(values: ArrayLike) -> int:
    """Return the first epoch, from 1, with the lowest value of a history (E,)."""
    return 1 + int(np.argmin(check_finite("values", values, ("E",))))


def epochs_to(values: ArrayLike, target: float) -> tuple[int, bool]:
    """Return the first epoch, from 1, whose value is at most the target, and whether there is such an epoch.

    If there is none, the epoch returned is E + 1: a lower bound of the number needed.
    """
    reached = np.flatnonzero(check_finite("values", values, ("E",)) <= target)
    return (int(reached[0]) + 1, True) if reached.size else (np.size(values) + 1, False)
