"""Bias and variance of the predictions of a crossed design: training-set draws x inits.

Axes: D training-set draws (splits), I initialisations, M test images, C classes. The estimates are
of the spread over all draws and inits, not of the spread of the models at hand: the plug-in
variance of N models is too small by the share 1/N, and by more when inits share a split.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import (
    FloatArray,
    IntArray,
    check_axes,
    check_finite,
    check_labels,
    check_log_probabilities,
)


@dataclass(frozen=True)
class Decomposition:
    """Risk = bias + variance, means over the test images.

    Estimates, never clipped: an unbiased bias (squared, label noise included) can be below zero.
    """

    risk: float
    bias: float
    variance: float


@dataclass(frozen=True, eq=False)
class ImageDecomposition:
    """Risk = bias + variance of every test image: three (M,) arrays."""

    risk: FloatArray
    bias: FloatArray
    variance: FloatArray

    def mean(self) -> Decomposition:
        """Means over the test images."""
        return Decomposition(float(self.risk.mean()), float(self.bias.mean()), float(self.variance.mean()))


@dataclass(frozen=True)
class Components:
    """Variance due to the split, to the init and to their interaction, means over the images."""

    split: float
    init: float
    interaction: float

    @property
    def total(self) -> float:
        """The variance of one model: the sum of the three."""
        return self.split + self.init + self.interaction


def squared_error(log_probabilities: ArrayLike, labels: ArrayLike) -> ImageDecomposition:
    """Squared error ||p - y||^2 (range [0, 2]), its variance and squared bias, exactly unbiased.

    log_probabilities (D, I, M, C), labels (M,). The variance is `total_variance` summed over the
    classes; bias^2 = risk - variance, with the label noise in it. Raises ValueError for a single
    model and for malformed input. Geman, Bienenstock & Doursat 1992; estimator of Yang et al.
    2020, extended to the crossed design.
    """
    logs, target = _checked(log_probabilities, labels)
    return _squared_error(np.exp(logs), target)


def _squared_error(probabilities: FloatArray, target: IntArray) -> ImageDecomposition:
    risk = ((probabilities - np.eye(probabilities.shape[-1])[target]) ** 2).sum(axis=-1).mean(axis=(0, 1))
    variance = _total_variance(probabilities).sum(axis=-1)
    return ImageDecomposition(risk, risk - variance, variance)


def cross_entropy(log_probabilities: ArrayLike, labels: ArrayLike) -> ImageDecomposition:
    """Cross-entropy in nats, its bias and its variance, corrected for the number of models.

    log_probabilities (D, I, M, C), labels (M,). With Z = sum_c exp(mean log p_c) the plug-in
    variance is mean KL(p* || p) = -log Z, around the normalised geometric mean p* (Heskes 1998,
    Pfau 2013). It is multiplied by the factor by which N models underestimate the variance of
    log-probabilities: N/(N-1) if they are independent, more in a crossed design. The correction is of
    second order: the result is still a few per cent too low where the models differ widely.
    bias = risk - variance. A zero at the label makes risk and bias infinite. Raises ValueError
    for a single model, for malformed input, and where every class has probability 0 under some
    model: p* does not exist there.
    """
    return _cross_entropy(*_checked(log_probabilities, labels))


def _cross_entropy(logs: FloatArray, target: IntArray) -> ImageDecomposition:
    mean_log = logs.mean(axis=(0, 1))
    log_z = np.logaddexp.reduce(mean_log, axis=-1)
    undefined = np.count_nonzero(np.isneginf(log_z))
    if undefined:
        raise ValueError(
            "log_probabilities: expected some class to be possible under all models, received "
            f"{undefined} images with none: the geometric mean of the predictions is undefined"
        )
    risk = -mean_log[np.arange(target.size), target]
    variance = -log_z * _correction(logs, np.exp(mean_log - log_z[:, None]))
    return ImageDecomposition(risk, risk - variance, variance)


def of_draws(
    decompose: Callable[[ArrayLike, ArrayLike], ImageDecomposition],
    log_probabilities: ArrayLike,
    labels: ArrayLike,
) -> Callable[[IntArray], Decomposition]:
    """Return what gives `decompose(log_probabilities[draws], labels).mean()` of the draws (n,) it is given.

    `decompose` is `squared_error` or `cross_entropy`. The jackknife asks for many subsets of the D draws: the
    input is checked once for all of them. Raises ValueError as `decompose` does.
    """
    logs, target = _checked(log_probabilities, labels)
    squared = decompose is squared_error
    values, unchecked = (np.exp(logs), _squared_error) if squared else (logs, _cross_entropy)

    def of(draws: IntArray) -> Decomposition:
        chosen = values[draws]
        _design("log_probabilities", chosen)
        return unchecked(chosen, target).mean()

    return of


def total_variance(values: ArrayLike) -> FloatArray:
    """Unbiased variance of one model's values over splits and inits together: (D, I, ...) -> (...).

    It is the sum of the three components of a crossed design, so that models that share a split or
    an init do not count as independent. With I == 1 it is the sample variance over splits: the total
    if every split came with its own init, and the total given the init if all share one init. With
    D == 1 it is the variance over inits given that training set. Raises ValueError for fewer
    than two models or non-finite values. Searle, Casella & McCulloch 1992, chapter 4.
    """
    array = check_finite("values", values)
    _design("values", array)
    return _total_variance(array)


def _total_variance(values: FloatArray) -> FloatArray:
    if min(values.shape[:2]) == 1:
        return np.asarray(values.var(axis=(0, 1), ddof=1))
    return np.asarray(sum(_components(values)))


def components(log_probabilities: ArrayLike) -> Components:
    """Variance of the probabilities (squared error) by source, from the expected mean squares.

    log_probabilities (D, I, M, C) of a crossed design; init j is the same in every split.
    interaction = MS_DI, split = (MS_D - MS_DI)/I, init = (MS_I - MS_DI)/D. Each is unbiased, so
    it may be negative; none is clipped. Raises ValueError unless D >= 2 and I >= 2, where the
    sources cannot be told apart. Searle, Casella & McCulloch 1992; as a decomposition of
    ensembles Neal et al. 2018, Adlam & Pennington 2020.
    """
    probabilities = np.exp(check_log_probabilities(log_probabilities))
    d, i = _design("log_probabilities", probabilities)
    if min(d, i) == 1:
        raise ValueError(f"log_probabilities: expected D >= 2 and I >= 2, received {d} x {i}")
    return Components(*(float(source.sum(axis=-1).mean()) for source in _components(probabilities)))


def _components(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Split, init and interaction variance of values (D, I, ...), each of shape (...)."""
    d, i = values.shape[:2]
    by_split, by_init = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    residual = values - by_split - by_init + values.mean(axis=(0, 1))
    interaction = (residual**2).sum(axis=(0, 1)) / ((d - 1) * (i - 1))
    split = by_split.var(axis=(0, 1), ddof=1) - interaction / i
    init = by_init.var(axis=(0, 1), ddof=1) - interaction / d
    return split, init, interaction


def _correction(logs: FloatArray, weights: FloatArray) -> float:
    """Unbiased over plug-in variance of the log-probabilities, weighted by p* (M, C).

    To second order the plug-in variance is a quadratic form of the log-probabilities, so it is too
    low by the same factor as the plug-in variance of the log-probabilities themselves. All images
    share one factor: the ratio of a single image would be noise.
    """
    d, i = logs.shape[:2]
    if min(d, i) == 1:  # independent models
        return d * i / (d * i - 1)
    # A class that p* excludes has weight 0 in the limit, but its own variance is infinite.
    usable = np.where(weights > 0, logs, 0.0)
    plug_in = float((weights * usable.var(axis=(0, 1))).sum())
    if plug_in == 0.0:  # the models differ nowhere, or only in classes that p* excludes
        return d * i / (d * i - 1)
    return float((weights * _total_variance(usable)).sum()) / plug_in


def _checked(log_probabilities: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, IntArray]:
    logs = check_log_probabilities(log_probabilities)
    _design("log_probabilities", logs)
    return logs, check_labels(labels, images=logs.shape[2], classes=logs.shape[3])


def _design(name: str, values: FloatArray) -> tuple[int, int]:
    """The numbers of splits and inits; a variance needs at least two models."""
    if values.ndim < 2:
        check_axes(name, values, ("D", "I"))
    d, i = values.shape[:2]
    if d * i < 2:
        raise ValueError(f"{name}: expected at least two models (D x I >= 2), received {d} x {i}")
    return d, i
