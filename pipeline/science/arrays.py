"""Array types and the checks that every measure of this package makes on its input."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NORMALISATION_TOLERANCE = 1e-4
"""How far the sum of a row of probabilities may be from 1: a float32 softmax stays well within."""


def check_axes(name: str, array: NDArray[Any], axes: tuple[str, ...]) -> None:
    """Refuse an array with other axes than these, and an empty array.

    Raises ValueError with the argument, the expected axes and the received shape.
    """
    if array.ndim != len(axes) or array.size == 0:
        expected = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        raise ValueError(f"{name}: expected a non-empty {expected} array, received {array.shape}")


def check_finite(name: str, values: ArrayLike, axes: tuple[str, ...] | None = None) -> FloatArray:
    """Values as float64, with neither NaN nor infinity; any shape unless `axes` are given."""
    array = np.asarray(values, dtype=np.float64)
    if axes is not None:
        check_axes(name, array, axes)
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(f"{name}: expected finite values, received {bad} NaN or infinite")
    return array


def check_classes(name: str, values: ArrayLike) -> IntArray:
    """Class numbers as int64, any shape; ValueError unless they are integers from 0 up."""
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected integer classes, received dtype {array.dtype}")
    if array.size and array.min() < 0:
        raise ValueError(f"{name}: expected classes from 0 up, received {array.min()}")
    return array.astype(np.int64)


def check_labels(labels: ArrayLike, images: int, classes: int | None = None) -> IntArray:
    """Labels (M,) as int64; ValueError unless there are `images` of them, all below `classes`."""
    array = check_classes("labels", labels)
    if array.shape != (images,):
        raise ValueError(f"labels: expected shape ({images},), received {array.shape}")
    if classes is not None and array.max() >= classes:
        raise ValueError(f"labels: expected classes below {classes}, received {array.max()}")
    return array


def check_probabilities(probabilities: ArrayLike) -> FloatArray:
    """Probabilities (M, C) as float64; ValueError if a row is not a distribution."""
    array = check_finite("probabilities", probabilities, ("M", "C"))
    if array.min() < 0:
        raise ValueError(f"probabilities: expected values from 0 up, received {array.min()}")
    _check_normalised("probabilities", array)
    return array


def check_log_probabilities(log_probabilities: ArrayLike) -> FloatArray:
    """Natural logarithms (D, I, M, C) as float64; -inf, the log of an exact zero, is legal.

    Raises ValueError for other axes, for NaN and for rows whose exponentials do not sum to 1.
    """
    array = np.asarray(log_probabilities, dtype=np.float64)
    check_axes("log_probabilities", array, ("D", "I", "M", "C"))
    bad = np.count_nonzero(np.isnan(array))
    if bad:
        raise ValueError(f"log_probabilities: expected numbers, received {bad} NaN")
    with np.errstate(over="ignore"):  # an overflow is a row that is not normalised: reported below
        _check_normalised("log_probabilities", np.exp(array))
    return array


def _check_normalised(name: str, probabilities: FloatArray) -> None:
    totals = probabilities.sum(axis=-1)
    worst = totals.flat[np.argmax(np.abs(totals - 1.0))]
    if abs(worst - 1.0) > NORMALISATION_TOLERANCE:
        raise ValueError(
            f"{name}: expected rows that sum to 1 within {NORMALISATION_TOLERANCE}, "
            f"received a row that sums to {worst:.6g}"
        )
