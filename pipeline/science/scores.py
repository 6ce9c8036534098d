"""The scores of one network: functions of its logits (n, C) and the labels (n,).

This file is part of the key of every run: changing it trains every run again. What a score is called and how
it is shown stands apart, in `science.metrics`.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

Score = Callable[[np.ndarray, np.ndarray], float]
PARTS = ("train", "validation", "test")
_BY_PART: dict[str, dict[str, Score]] = {part: {} for part in PARTS}


def scored(*parts: str) -> Callable[[Score], Score]:
    """Have a function record a score of these parts of the data, under the part's name and its own."""

    def register(score: Score) -> Score:
        for part in parts:
            _BY_PART[part][f"{part}_{score.__name__}"] = score
        return score

    return register


def of(part: str, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return every score of a part of the data by its name, from logits (n, C) and labels (n,)."""
    return {name: score(logits, labels) for name, score in _BY_PART[part].items()}


@scored(*PARTS)
def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy of logits (n, C) against labels (n,) in nats, range [0, inf].

    NaN for a network that has diverged.
    """
    if not np.isfinite(logits).all():
        return math.nan
    log_probabilities = special.log_softmax(logits.astype(np.float64), axis=1)
    chosen = np.take_along_axis(log_probabilities, labels[:, None].astype(np.intp), axis=1)
    return float(-chosen.mean())


@scored(*PARTS)
def error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of the labels (n,) that the largest logit of a row (n, C) misses, range [0, 1].

    A row that is not finite is a miss.
    """
    finite = np.isfinite(logits).all(axis=1)
    wrong = (logits.argmax(axis=1) != labels) | ~finite
    return float(wrong.mean())
