"""Bias and variance of the 0-1 loss, by two definitions that answer different questions.

Predicted classes come as (N, M) from N independent models or as (D, I, M) from a crossed design
of D splits x I inits; M is the number of test images. Both raise ValueError for fewer than two
models and for malformed input.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.science.arrays import IntArray, check_axes, check_classes, check_labels
from pipeline.science.bias_variance import ImageDecomposition, total_variance


@dataclass(frozen=True)
class Domingos:
    """Domingos' terms of the error rate, means over the test images, all in [0, 1]."""

    error: float
    bias: float
    variance_unbiased: float
    variance_biased: float

    @property
    def net_variance(self) -> float:
        """The error that variance adds where the main prediction is right, less what it removes elsewhere."""
        return self.variance_unbiased - self.variance_biased


def zero_one_domingos(predicted: ArrayLike, labels: ArrayLike) -> Domingos:
    """Bias and variance around the main prediction, the mode of the models.

    predicted (N, M) or (D, I, M), labels (M,). Per image the bias is [mode != y] and the variance
    the share of models off the mode; ties go to the smaller class. error = bias + net variance
    holds for two classes only: with more, leaving a wrong mode need not be right. Plug-in, as
    published. Domingos 2000.
    """
    grid, target = _checked(predicted, labels)
    models = grid.reshape(-1, target.size)
    classes = 1 + max(models.max(), target.max())
    main = np.stack([(models == cls).sum(axis=0) for cls in range(classes)]).argmax(axis=0)
    biased = main != target
    variance = (models != main).mean(axis=0)
    return Domingos(
        error=float((models != target).mean()),
        bias=float(biased.mean()),
        variance_unbiased=float(np.where(biased, 0.0, variance).mean()),
        variance_biased=float(np.where(biased, variance, 0.0).mean()),
    )


def zero_one_kohavi_wolpert(predicted: ArrayLike, labels: ArrayLike) -> ImageDecomposition:
    """Error = bias^2 + variance, both from the class frequencies P_c of the models.

    predicted (N, M) or (D, I, M), labels (M,). bias^2 = 1/2 sum_c (1[y=c] - P_c)^2 and variance =
    1/2 (1 - sum_c P_c^2): half the squared error of one-hot predictions. The variance is the
    unbiased one, N/(N-1) times the plug-in for independent models and `total_variance` for a
    crossed design; bias^2 = error - variance may be negative. Kohavi & Wolpert 1996.
    """
    grid, target = _checked(predicted, labels)
    error = (grid != target).mean(axis=(0, 1))
    variance = np.zeros(target.size)
    for cls in range(1 + grid.max()):  # class by class: the one-hot of the whole grid is C x larger
        variance += total_variance(grid == cls) / 2
    return ImageDecomposition(error, error - variance, variance)


def _checked(predicted: ArrayLike, labels: ArrayLike) -> tuple[IntArray, IntArray]:
    """Predicted classes as (D, I, M), independent models as one init each, and labels (M,)."""
    grid = check_classes("predicted", predicted)
    if grid.ndim == 2:
        grid = grid[:, None]
    check_axes("predicted", grid, ("D", "I", "M"))
    d, i, images = grid.shape
    if d * i < 2:
        raise ValueError(f"predicted: expected at least two models, received {d} x {i}")
    return grid, check_labels(labels, images)
