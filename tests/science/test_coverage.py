"""Nominal levels are kept: coverage of the intervals and error rates of the tests, simulated."""

import numpy as np
import pytest

from pipeline.science.comparison import (
    Interval,
    equivalence,
    holm,
    mean_interval,
    paired_difference,
    sign_flip_p,
)
from pipeline.science.resampling import two_way_bootstrap


def covers(interval: Interval, truth: float) -> bool:
    """Whether the truth lies within the limits."""
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize("n", [2, 10])
def test_mean_interval_covers(n: int) -> None:
    """95 % of the intervals hold the true mean, from two replicates on."""
    samples = np.random.default_rng(n).normal(3.0, 2.0, size=(2_000, n))
    coverage = np.mean([covers(mean_interval(values), 3.0) for values in samples])
    assert 0.93 < coverage < 0.97


def test_paired_difference_covers_and_keeps_its_level() -> None:
    """A shared effect of the replicate cancels; 5 % of the p values fall below .05 under null."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0.0, 5.0, size=(2_000, 8))
    a, b = (shared + rng.normal(size=shared.shape) for _ in range(2))
    differences = [paired_difference(x, y) for x, y in zip(a, b, strict=True)]
    assert 0.93 < np.mean([covers(difference, 0.0) for difference in differences]) < 0.97
    assert 0.03 < np.mean([difference.p_value <= 0.05 for difference in differences]) < 0.07


@pytest.mark.parametrize(
    ("replicate", "image", "cell"),
    [
        pytest.param(1.0, 0.1, 0.1, id="replicates dominate"),
        pytest.param(0.1, 1.0, 0.5, id="images dominate"),
        pytest.param(0.4, 1.0, 1.0, id="mixed"),
    ],
)
def test_bootstrap_covers(replicate: float, image: float, cell: float) -> None:
    """Ten replicates and 50 images, both random, whichever of them varies most."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(1_000):
        rows, columns = rng.normal(size=(10, 1)), rng.normal(size=(1, 50))
        grid = replicate * rows + image * columns + cell * rng.normal(size=(10, 50))
        hits += covers(two_way_bootstrap(grid, rng, draws=600), 0.0)
    assert 0.93 < hits / 1_000 < 0.97


def test_bootstrap_of_pure_noise_is_conservative_within_reason() -> None:
    """Interaction alone, which a plain two-way bootstrap counts three times (covering > 99 %)."""
    rng = np.random.default_rng(2)
    grids = rng.normal(size=(1_000, 10, 50))
    coverage = np.mean([covers(two_way_bootstrap(g, rng, draws=600), 0.0) for g in grids])
    assert 0.93 < coverage < 0.99


@pytest.mark.usefixtures("cheap_collection")
def test_holm_bounds_the_family_wise_error() -> None:
    """Ten comparisons with one baseline, none real: unadjusted tests err far too often."""
    rng, alpha, families = np.random.default_rng(3), 0.05, 500
    rejected = unadjusted = 0
    for _ in range(families):
        baseline, variants = rng.normal(size=10), rng.normal(size=(10, 10))
        p_values = [paired_difference(variant, baseline).p_value for variant in variants]
        rejected += min(holm(p_values)) <= alpha
        unadjusted += min(p_values) <= alpha
    monte_carlo = 3 * np.sqrt(alpha * (1 - alpha) / families)
    assert rejected / families <= alpha + monte_carlo
    assert unadjusted / families > 0.15


def test_sign_flip_keeps_its_level_and_has_power() -> None:
    """Never more than alpha under a symmetric null, nearly always a rejection at two sigma."""
    rng = np.random.default_rng(4)
    null = np.mean([sign_flip_p(rng.standard_t(3, size=8)) <= 0.05 for _ in range(2_000)])
    assert 0.02 < null <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert np.mean([sign_flip_p(rng.normal(2.0, 1.0, 8)) <= 0.05 for _ in range(200)]) > 0.9


def test_equivalence_errs_at_its_margin_as_often_as_promised() -> None:
    """A mean on the margin passes for equivalent 5 % of the time, one at zero nearly always."""
    rng = np.random.default_rng(5)
    edge = np.mean([equivalence(rng.normal(1.0, 0.5, 10), 1.0) <= 0.05 for _ in range(2_000)])
    assert 0.03 < edge < 0.07
    assert np.mean([equivalence(rng.normal(0.0, 0.5, 10), 1.0) <= 0.05 for _ in range(200)]) > 0.9
