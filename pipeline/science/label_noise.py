"""What a network would score if the labels of its test images were wrong as often as those it trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import check_axes, check_labels


def expected_scores(log_probabilities: ArrayLike, labels: ArrayLike, share: float) -> tuple[float, float]:
    """Return the expected error in [0, 1] and cross-entropy in nats, with a share of the labels made wrong.

    log_probabilities (M, C), right labels (M,). A wrong label is any of the C - 1 other classes with equal
    probability, so the expectations have closed forms. An image that is classified right is an error where
    its label is wrong; one that is classified wrong is right with probability 1/(C - 1) where its label is.
    The cross-entropy is (1 - share) times that of the right label and share times the mean over the others.
    Raises ValueError for malformed input, fewer than two classes and a share outside [0, 1].
    """
    logs = np.asarray(log_probabilities, np.float64)
    check_axes("log_probabilities", logs, ("M", "C"))
    images, classes = logs.shape
    target = check_labels(labels, images, classes)
    if classes < 2:
        raise ValueError(f"log_probabilities: expected at least two classes, received {classes}")
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, received {share}")
    missed = float((logs.argmax(axis=1) != target).mean())
    right = logs[np.arange(images), target]
    others = (logs.sum(axis=1) - right) / (classes - 1)
    error = (1 - share) * missed + share * (1 - missed / (classes - 1))
    return error, float(-((1 - share) * right + share * others).mean())
