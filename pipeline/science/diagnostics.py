"""Diagnostics of one model: calibration of its predictions, sparsity and spread of its weights."""

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import FloatArray, check_axes, check_finite, check_labels, check_probabilities


def nll(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean negative log-likelihood in nats, range [0, inf]; inf for a probability 0 at a label.

    probabilities (M, C), labels (M,). Raises ValueError for malformed input.
    """
    array = check_probabilities(probabilities)
    target = check_labels(labels, *array.shape)
    with np.errstate(divide="ignore"):  # log 0 = -inf is the answer, not an accident
        return float(-np.log(array[np.arange(target.size), target]).mean())


def calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error over bins of equal mass, range [0, 1].

    probabilities (M, C), labels (M,). Images are sorted by confidence (the largest probability)
    and cut into `bins` bins of equal size; the result is the mean over bins, weighted by size, of
    |accuracy - mean confidence|. Images of equal confidence share their accuracy, so their order
    does not matter. Raises ValueError for malformed input and unless 1 <= bins <= M.
    Naeini et al. 2015, Guo et al. 2017; bins of equal mass as in Nguyen & O'Connor 2015.
    """
    array = check_probabilities(probabilities)
    target = check_labels(labels, *array.shape)
    if not 1 <= bins <= target.size:
        raise ValueError(f"bins: expected 1 to {target.size} (images), received {bins}")
    correct = array.argmax(axis=1) == target
    confidences, tie, size = np.unique(array.max(axis=1), return_inverse=True, return_counts=True)
    excess = np.bincount(tie, weights=correct) / size - confidences
    parts = np.array_split(excess[np.sort(tie)], bins)
    return float(sum(abs(part.sum()) for part in parts) / target.size)


def near_zero(w: ArrayLike, threshold: float = 1e-3) -> float:
    """Share of the weights with |w| < threshold, range [0, 1].

    w of any shape. Gradient steps leave no exact zeros, hence a threshold. Raises ValueError
    unless the threshold is above 0.
    """
    weights = _weights(w)
    if not threshold > 0:
        raise ValueError(f"threshold: expected a value above 0, received {threshold}")
    return float((np.abs(weights) < threshold).mean())


def hoyer(w: ArrayLike) -> float:
    """Hoyer's sparseness (sqrt(d) - |w|_1/|w|_2)/(sqrt(d) - 1): 0 all equal, 1 a single one.

    w of any shape, d weights. Raises ValueError for d < 2 and for weights that are all zero,
    where it is undefined. Hoyer 2004.
    """
    weights = _scaled(w)
    if weights.size < 2:
        raise ValueError(f"w: expected at least two weights, received {weights.size}")
    root = np.sqrt(weights.size)
    return float((root - np.abs(weights).sum() / np.sqrt((weights**2).sum())) / (root - 1.0))


def participation_ratio(w: ArrayLike) -> float:
    """(sum w^2)^2 / (d sum w^4): the share of the weights that carries the energy, [1/d, 1].

    w of any shape, d weights. Raises ValueError for weights that are all zero, where it is
    undefined. Bell & Dean 1970.
    """
    squares = _scaled(w) ** 2
    return float(squares.sum() ** 2 / (squares.size * (squares**2).sum()))


def spectrum(w: ArrayLike) -> FloatArray:
    """Singular values (min(rows, columns),) of a weight matrix, largest first.

    Raises ValueError unless w is a matrix.
    """
    return np.asarray(np.linalg.svd(check_finite("w", w, ("rows", "columns")), compute_uv=False))


def directions(w: ArrayLike) -> float:
    """(sum s^2)^2 / sum s^4 of the singular values s: how many directions carry the energy of a matrix.

    Range [1, min(rows, columns)]: 1 for a matrix of rank 1, the most where all singular values are equal.
    The sums are those of the squares of w and of w^T w, so that none is decomposed. Raises ValueError for a
    matrix of zeros, where it is undefined. The participation ratio of Bell & Dean 1970, of the spectrum.
    """
    matrix = check_finite("w", w, ("rows", "columns"))
    matrix = _scaled(matrix).reshape(matrix.shape)
    energy = (matrix**2).sum()
    return float(energy**2 / ((matrix.T @ matrix) ** 2).sum())


def _weights(w: ArrayLike) -> FloatArray:
    weights = check_finite("w", w).ravel()
    check_axes("w", weights, ("d",))
    return weights


def _scaled(w: ArrayLike) -> FloatArray:
    """The weights over the largest of them: fourth powers of small weights underflow."""
    weights = _weights(w)
    top = np.abs(weights).max()
    if top == 0.0:
        raise ValueError("w: expected some weight other than 0, received only zeros")
    return np.asarray(weights / top)
