"""Damage to images: what a robust network tolerates. Noise, blur and shifts (Hendrycks & Dietterich 2019)."""

from __future__ import annotations

import numpy as np

from pipeline.science.network import Single


def noisy(images: Single, deviation: float, rng: np.random.Generator) -> Single:
    """Return images (n, ...) in [0, 1] with independent Gaussian noise on every pixel, cut off at 0 and 1.

    Raises ValueError unless the deviation is above 0.
    """
    _check_positive("deviation", deviation)
    noise = rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(deviation) * noise, 0, 1)


def blurred(images: Single, deviation: float) -> Single:
    """Return images (n, height, width, ...) blurred by a Gaussian of this deviation in pixels.

    Beyond its edges an image is taken to be 0. Raises ValueError unless the deviation is above 0.
    """
    _check_positive("deviation", deviation)
    from scipy import ndimage

    along = (0.0, deviation, deviation, *[0.0] * (images.ndim - 3))
    return np.asarray(ndimage.gaussian_filter(images, along, mode="constant"), np.float32)


def shifted(images: Single, down: int, right: int) -> Single:
    """Return images (n, height, width, ...) moved by whole pixels; what moves in is 0.

    Negative numbers move them up and to the left. A shift beyond the size leaves nothing.
    """
    height, width = images.shape[1:3]
    moved = np.zeros_like(images)
    if abs(down) < height and abs(right) < width:
        target = _overlap(down, height), _overlap(right, width)
        source = _overlap(-down, height), _overlap(-right, width)
        moved[:, target[0], target[1]] = images[:, source[0], source[1]]
    return moved


def _overlap(by: int, size: int) -> slice:
    return slice(max(by, 0), size + min(by, 0))


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected a value above 0, received {value}")
