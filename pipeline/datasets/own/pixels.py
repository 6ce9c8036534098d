"""Images of any type that can be read without a guess, brought to the 256 levels of uint8."""

from __future__ import annotations

import math

import numpy as np

from pipeline.datasets.own.parts import Named, Notes
from pipeline.system.errors import UserError

CHANNELS = (1, 3, 4)  # of grey, RGB and RGBA: what tells channels from a height or a width
TOLERANCE = 1e-3  # by which floats may lie beyond [0, 1]: rounding, an interpolation


def levels(images: Named, notes: Notes) -> np.ndarray:
    """Return the images, (N, height, width) or (N, height, width, channels), as uint8 of the same shape.

    Floats in [0, 1] are rounded to the nearest of the 256 levels. Whole numbers stay as they are. Channels
    before height and width are moved behind them. A note says what else was changed.

    Raises UserError for another shape, another type, NaN, and values of another range.
    """
    name, values = images
    _check_shape(name, values)
    if values.ndim == 4 and values.shape[1] in CHANNELS and values.shape[3] not in CHANNELS:
        notes.add("(N, channels, height, width) is read as (N, height, width, channels)", name)
        values = np.moveaxis(values, 1, 3)
    kind = values.dtype.kind
    if kind == "b":
        if not values.any():
            raise UserError(f"{name}: expected some pixels that are True, received none; check the images")
        notes.add("False and True are read as 0 and 255", name)
        return np.where(values, np.uint8(255), np.uint8(0))
    if kind == "f":
        return _of_floats(name, values, notes)
    if kind in "iu":
        return _of_integers(name, values, notes)
    raise UserError(
        f"{name}: expected uint8 from 0 to 255, or floats in [0, 1], received {values.dtype}; "
        "convert the images to one of them"
    )


def _check_shape(name: str, values: np.ndarray) -> None:
    if values.ndim in (3, 4) and 0 not in values.shape:
        return
    mend = "save the images with their height and width"
    if values.ndim == 2 and values.shape[1] and math.isqrt(values.shape[1]) ** 2 == values.shape[1]:
        side = math.isqrt(values.shape[1])
        mend = f"if they are square, reshape them with reshape(-1, {side}, {side})"
    if values.ndim > 0 and values.shape[0] == 0:
        mend = "save at least one image"
    raise UserError(
        f"{name}: expected images (N, height, width) or (N, height, width, channels), "
        f"received shape {values.shape}; {mend}"
    )


def _of_integers(name: str, values: np.ndarray, notes: Notes) -> np.ndarray:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 255:
        raise UserError(
            f"{name}: expected whole numbers from 0 to 255, received {values.dtype} from {low} to {high}; "
            f"{_scaling(low)}"
        )
    if high <= 1:
        raise UserError(
            f"{name}: expected whole numbers up to 255, received {high} as the largest; if floats in [0, 1] "
            "were cut to whole numbers, save the floats; if the images are black and white, multiply by 255"
        )
    if values.dtype != np.uint8:
        notes.add(f"the whole numbers of {values.dtype} are read as uint8", name)
    return np.ascontiguousarray(values, np.uint8)


def _of_floats(name: str, values: np.ndarray, notes: Notes) -> np.ndarray:
    faulty = np.flatnonzero(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
    if faulty.size:
        raise UserError(
            f"{name}: expected finite numbers, received NaN or infinity in {faulty.size} of {len(values)} "
            f"images, first in image {faulty[0]} (counted from 0); leave these images out, or mend them"
        )
    low, high = float(values.min()), float(values.max())
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise UserError(f"{name}: expected floats in [0, 1], received {low:g} to {high:g}; {_scaling(low)}")
    if high < 1.5 / 255:
        raise UserError(
            f"{name}: expected floats up to about 1, received {high:g} as the largest; "
            "if the images were divided by 255 twice, divide them once"
        )
    if low < 0 or high > 1:
        beyond = max(-low, high - 1)
        notes.add(f"values beyond [0, 1], by {beyond:.1g} at most, are cut to 0 or 1", name)
        values = values.clip(0, 1)
    return np.ascontiguousarray(np.rint(values * 255), np.uint8)


def _scaling(low: float) -> str:
    """Return how to bring images to a range without giving each array a scale of its own."""
    if low < 0:
        return "bring all arrays to [0, 1] in the same way, such as (x + 1) / 2 for values from -1 to 1"
    return (
        "divide all arrays by the same number, the largest that their format can hold, "
        "such as 255 for 8 bits or 65535 for 16"
    )
