"""Draws of training sets and labels: pure functions of a random generator."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.datasets.seeds import Indices

Label = TypeVar("Label", bound=np.integer[Any])


def hold_out(size: int, held: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Set `held` of the indices 0..size-1 aside at random; returns (pool, held).

    The pool, (size - held,), is ascending. The held-out indices, (held,), are in the order of the
    draw, so that a prefix of them is itself a random sample. Raises ValueError unless 0 <= held <= size.
    """
    if not 0 <= held <= size:
        raise ValueError(f"held: expected 0 to {size} of {size} indices, received {held}")
    drawn = rng.permutation(np.arange(size, dtype=np.int32))
    return np.sort(drawn[held:]), drawn[:held]


def disjoint(pool: Indices, splits: int, size: int, rng: np.random.Generator, last: int = 0) -> Indices:
    """Draw `splits` training sets of `size` distinct indices that share none, and `last` more behind them.

    Returns (splits + last, size). The first are the same however many there are, and so are the last,
    counted from the end. The pool, (N,), holds each index once. Raises ValueError if it is too small.
    """
    if splits < 1 or size < 1:
        raise ValueError(f"splits and size: expected at least 1 each, received {splits} and {size}")
    needed = (splits + last) * size
    if needed > len(pool):
        raise ValueError(
            f"splits x size: expected at most the {len(pool)} indices of the pool, "
            f"received {splits + last} x {size} = {needed}"
        )
    drawn = rng.permutation(pool)
    return np.concatenate([drawn[: splits * size], drawn[len(drawn) - last * size :]]).reshape(-1, size)


def flip_labels(
    labels: npt.NDArray[Label], share: float, classes: int, rng: np.random.Generator
) -> npt.NDArray[Label]:
    """Give round(share * N) of the labels, (N,), a wrong class, uniform over the other classes.

    Symmetric label noise: the places are drawn without replacement, and no drawn label keeps its class.
    Returns a copy of the same dtype. Raises ValueError for a share outside [0, 1], fewer than two
    classes, and labels outside 0..classes-1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, received {share}")
    if classes < 2:
        raise ValueError(f"classes: expected at least 2, received {classes}")
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels: expected 0 to {classes - 1}, received {labels.min()} to {labels.max()}")
    places = rng.choice(len(labels), size=round(share * len(labels)), replace=False)
    shift = rng.integers(1, classes, size=len(places))
    flipped = labels.copy()
    flipped[places] = (labels[places].astype(np.int64) + shift) % classes
    return flipped
