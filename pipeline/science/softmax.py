"""From logits to log-probabilities."""

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import FloatArray


def log_softmax(logits: ArrayLike) -> FloatArray:
    """Natural log-probabilities along the last axis, in float64 whatever the input.

    Shape (..., C) in and out. -inf logits are legal (probability 0). Raises ValueError for NaN,
    +inf and rows that are -inf throughout.
    """
    values = np.asarray(logits, dtype=np.float64)
    top = values.max(axis=-1, keepdims=True)  # NaN and +inf propagate into it
    if not np.isfinite(top).all():
        raise ValueError(
            "logits: expected a finite maximum in every row, received a row with NaN, +inf or -inf"
        )
    shifted = values - top
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
