"""Malformed input to the decompositions and diagnostics names argument, expected and received."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from pipeline.science.bias_variance import cross_entropy, squared_error
from pipeline.science.diagnostics import calibration_error, nll

EVEN = np.log(np.full((2, 1, 3, 2), 0.5))
NAN = EVEN.copy()
NAN[0, 0, 0, 0] = np.nan


@pytest.mark.parametrize("decompose", [squared_error, cross_entropy])
@pytest.mark.parametrize(
    ("logs", "labels", "message"),
    [
        (EVEN[0], [0, 0, 0], r"expected a non-empty \(D, I, M, C\) array, received \(1, 3, 2\)"),
        (EVEN[:, :, :0], [], r"\(D, I, M, C\) array, received \(2, 1, 0, 2\)"),
        (NAN, [0, 0, 0], "log_probabilities: expected numbers, received 1 NaN"),
        (EVEN + 0.001, [0, 0, 0], "sum to 1 within 0.0001, received a row that sums to 1.001"),
        (EVEN * np.inf, [0, 0, 0], "received a row that sums to 0"),
        (EVEN + 2e3, [0, 0, 0], "received a row that sums to inf"),
        (EVEN, [0, 0, 2], "labels: expected classes below 2, received 2"),
        (EVEN, [0, 0, -1], "labels: expected classes from 0 up, received -1"),
        (EVEN, [0, 0], r"labels: expected shape \(3,\), received \(2,\)"),
        (EVEN, [0.0, 0.0, 0.0], "labels: expected integer classes, received dtype float64"),
    ],
)
def test_decompositions_refuse(decompose, logs, labels, message) -> None:  # type: ignore[no-untyped-def]
    """Every malformed argument is an error of its own."""
    with pytest.raises(ValueError, match=message):
        decompose(logs, labels)


def test_float32_rounding_is_within_the_tolerance() -> None:
    """Stored single-precision predictions are accepted as they are."""
    logs = np.log(np.full((2, 1, 3, 7), 1 / 7, dtype=np.float32))
    assert squared_error(logs, [0, 1, 2]).mean().risk == pytest.approx(6 / 7, rel=1e-6)


@pytest.mark.parametrize("measure", [nll, calibration_error])
@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([0.5, 0.5], [0], r"probabilities: expected a non-empty \(M, C\) array, received \(2,\)"),
        ([[np.nan, 1.0]], [0], "probabilities: expected finite values, received 1 NaN"),
        ([[-0.1, 1.1]], [0], "probabilities: expected values from 0 up, received -0.1"),
        ([[0.5, 0.6]], [0], "probabilities: expected rows that sum to 1"),
        ([[0.5, 0.5]], [2], "labels: expected classes below 2, received 2"),
    ],
)
def test_diagnostics_refuse(measure, probabilities: ArrayLike, labels, message) -> None:  # type: ignore[no-untyped-def]
    """The same checks for the probabilities of one model."""
    with pytest.raises(ValueError, match=message):
        measure(probabilities, labels)
