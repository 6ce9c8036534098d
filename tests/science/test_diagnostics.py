"""Calibration, sparsity and spectrum: hand-made answers, explicit loops, extremes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from pipeline.science.diagnostics import (
    calibration_error,
    directions,
    hoyer,
    near_zero,
    nll,
    participation_ratio,
    spectrum,
)


def test_nll_by_hand() -> None:
    """Two images, one right at .8 and one wrong at .6."""
    p = [[0.8, 0.2], [0.6, 0.4]]
    assert nll(p, [0, 1]) == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2)


def test_certain_predictions() -> None:
    """Certain and right costs nothing; certain and wrong costs all that each measure has."""
    certain = [[1.0, 0.0], [0.0, 1.0]]
    assert nll(certain, [0, 1]) == 0.0
    assert calibration_error(certain, [0, 1], bins=1) == 0.0
    assert nll(certain, [1, 0]) == np.inf
    assert calibration_error(certain, [1, 0], bins=2) == 1.0


def test_calibration_error_by_explicit_bins() -> None:
    """Sorted, cut into bins that differ by at most one image, weighted by size."""
    rng = np.random.default_rng(0)
    p, labels = softmax(rng.normal(size=(103, 4)), axis=1), rng.integers(4, size=103)
    rows = sorted((max(row), int(np.argmax(row) == y)) for row, y in zip(p, labels, strict=True))
    expected, start = 0.0, 0
    for k in range(15):
        size = 103 // 15 + (k < 103 % 15)
        part = rows[start : start + size]
        accuracy, confidence = sum(r[1] for r in part) / size, sum(r[0] for r in part) / size
        expected += size / 103 * abs(accuracy - confidence)
        start += size
    assert calibration_error(p, labels) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_calibration_error_does_not_depend_on_the_order_of_ties(seed: int) -> None:
    """Saturated predictions tie: however the images are ordered, the answer is one."""
    rng = np.random.default_rng(seed)
    sure = rng.choice([0.6, 0.9, 1.0], size=40)
    p, labels = np.stack([sure, 1 - sure], axis=1), rng.integers(2, size=40)
    order = rng.permutation(40)
    assert calibration_error(p[order], labels[order], bins=7) == pytest.approx(
        calibration_error(p, labels, bins=7), abs=1e-12
    )


def test_calibrated_predictions_have_a_small_error() -> None:
    """Labels drawn from the predictions themselves; sharper predictions are overconfident."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0.0, 1.5, size=(20_000, 2))
    p = softmax(logits, axis=1)
    labels = (rng.uniform(size=20_000) > p[:, 0]).astype(int)
    assert calibration_error(p, labels) < 0.02
    assert calibration_error(softmax(3 * logits, axis=1), labels) > 0.05


@pytest.mark.parametrize("bins", [0, 3])
def test_calibration_error_needs_an_image_a_bin(bins: int) -> None:
    """Neither no bins nor more than images."""
    with pytest.raises(ValueError, match=rf"bins: expected 1 to 2 \(images\), received {bins}"):
        calibration_error([[0.5, 0.5], [0.5, 0.5]], [0, 1], bins=bins)


def test_near_zero_is_strict_and_two_sided() -> None:
    """A weight on the threshold is not near zero; the sign does not matter."""
    assert near_zero([[0.0, -0.0005], [0.001, 2.0]]) == 0.5
    assert near_zero([1.0, -2.0], threshold=1.5) == 0.5


def test_sparsity_of_extremes_and_by_hand() -> None:
    """One weight of four, all equal, and (3, 4): |w|_1 = 7, |w|_2 = 5."""
    single, equal = [0.0, 0.0, -2.0, 0.0], [[0.3, -0.3], [0.3, 0.3]]
    assert (hoyer(single), participation_ratio(single)) == pytest.approx((1.0, 0.25))
    assert (hoyer(equal), participation_ratio(equal)) == pytest.approx((0.0, 1.0))
    assert hoyer([3.0, 4.0]) == pytest.approx((np.sqrt(2) - 7 / 5) / (np.sqrt(2) - 1))
    assert participation_ratio([3.0, 4.0]) == pytest.approx(25**2 / (2 * (81 + 256)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-200, 1e-3, 1e200]))
def test_sparsity_depends_on_neither_scale_nor_order(seed: int, scale: float) -> None:
    """Powers of tiny weights must not underflow; results stay in their ranges."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(4, 5))
    for measure, low in [(hoyer, 0.0), (participation_ratio, 1 / 20)]:
        assert measure(scale * rng.permutation(w.ravel())) == pytest.approx(measure(w), rel=1e-9)
        assert low <= measure(w) <= 1.0


def test_spectrum_of_a_known_matrix() -> None:
    """A diagonal between rotations keeps its singular values, largest first."""
    rng = np.random.default_rng(2)
    u, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    v, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    w = u[:, :3] @ np.diag([0.5, 3.0, 1.0]) @ v
    np.testing.assert_allclose(spectrum(w), [3.0, 1.0, 0.5], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hoyer([0.0, 0.0]), "w: expected some weight other than 0"),
        (lambda: participation_ratio([0.0]), "w: expected some weight other than 0"),
        (lambda: hoyer([1.0]), "w: expected at least two weights, received 1"),
        (lambda: near_zero([]), r"w: expected a non-empty \(d,\) array"),
        (lambda: near_zero([np.nan]), "w: expected finite values, received 1 NaN"),
        (lambda: near_zero([1.0], threshold=0), "threshold: expected a value above 0, received 0"),
        (lambda: spectrum([1.0, 2.0]), r"w: expected a non-empty \(rows, columns\) array"),
    ],
)
def test_malformed_weights_are_refused(call, message) -> None:  # type: ignore[no-untyped-def]
    """Argument, expected, received."""
    with pytest.raises(ValueError, match=message):
        call()


def test_the_directions_that_carry_the_energy_are_those_of_the_singular_values() -> None:
    matrix = np.random.default_rng(7).normal(size=(6, 4))
    values = np.linalg.svd(matrix, compute_uv=False)
    assert directions(matrix) == pytest.approx((values**2).sum() ** 2 / (values**4).sum())
    assert directions(1e-100 * matrix) == pytest.approx(directions(matrix))
    assert directions(np.outer([1, 2, 3], [4, 5])) == pytest.approx(1)
    assert directions(np.eye(5, 3)) == pytest.approx(3)
    with pytest.raises(ValueError, match="only zeros"):
        directions(np.zeros((2, 2)))
