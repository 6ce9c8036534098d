"""Intervals of a mean over two crossed sources of chance: the two-way bootstrap and analysis of variance."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipeline.science.arrays import FloatArray, check_finite
from pipeline.science.comparison import Interval, check_level, t_quantile
from pipeline.science.levels import LEVEL


def two_way_bootstrap(
    values: ArrayLike, rng: np.random.Generator, draws: int = 5_000, level: float = LEVEL
) -> Interval:
    """Bootstrap interval of a mean over replicates x test images, both resampled.

    values (D, M), already averaged over inits. The limits are percentiles of the means w^T A v under
    independent multinomial weights w and v (Owen 2007). Percentiles at the nominal levels fail: with
    few replicates the interval is too narrow, and the interaction counts about three times. The levels
    are therefore moved (Hesterberg 2015) until the width agrees with the two-way analysis of variance
    and its degrees of freedom. Raises ValueError unless D >= 2 and M >= 2, all values are finite
    and there are at least 100 draws.
    """
    grid = check_finite("values", values, ("D", "M"))
    check_level(level)
    if draws < 100:
        raise ValueError(f"draws: expected at least 100, received {draws}")
    if min(grid.shape) < 2:
        raise ValueError(f"values: expected D >= 2 and M >= 2, received {grid.shape}")
    estimate = float(grid.mean())
    if np.ptp(grid) == 0.0:
        return Interval(estimate, estimate, estimate, len(grid))
    resampled = _resampled_means(grid, rng, draws)
    error, degrees = two_way_error(grid)
    z = t_quantile(level, degrees) * error / resampled.std()
    tail = float(special.ndtr(-z))
    low, high = np.quantile(resampled, [tail, 1.0 - tail])
    return Interval(estimate, float(low), float(high), len(grid))


def _resampled_means(grid: FloatArray, rng: np.random.Generator, draws: int) -> FloatArray:
    """Means (draws,) of the grid under resampled rows and columns, a block of draws at a time."""
    d, m = grid.shape
    block = max(1, 2_000_000 // (d + m))
    means = []
    for start in range(0, draws, block):
        size = min(block, draws - start)
        rows, columns = _multinomial_weights(d, size, rng), _multinomial_weights(m, size, rng)
        means.append(np.einsum("bm,bm->b", rows @ grid, columns))
    return np.concatenate(means)


def _multinomial_weights(n: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each of n is drawn in n draws with replacement, over n: (draws, n)."""
    # Counting drawn indices is several times faster than Generator.multinomial for large n.
    drawn = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n) / n


def two_way_error(grid: FloatArray) -> tuple[float, float]:
    """Standard error of the mean of a grid (D, M) with random rows and columns, and its degrees of freedom.

    Satterthwaite's (1946) approximation for MS_rows + MS_columns - MS_cells, each over D M.
    """
    d, m = grid.shape
    by_row, by_column = grid.mean(axis=1), grid.mean(axis=0)
    residual = grid - by_row[:, None] - by_column + grid.mean()
    rows, columns = by_row.var(ddof=1) / d, by_column.var(ddof=1) / m
    cells = (residual**2).sum() / ((d - 1) * (m - 1)) / (d * m)
    # Rows and columns both contain the interaction, so the true value is at least each of these.
    variance = max(rows + columns - cells, rows, columns, cells)
    scatter = rows**2 / (d - 1) + columns**2 / (m - 1) + cells**2 / ((d - 1) * (m - 1))
    return float(np.sqrt(variance)), float(variance**2 / scatter)
