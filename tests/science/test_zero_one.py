"""Bias and variance of the 0-1 loss: explicit loops and identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.science.bias_variance import squared_error
from pipeline.science.zero_one import zero_one_domingos, zero_one_kohavi_wolpert


def test_domingos_by_hand() -> None:
    """Modes 0, 1 and 2; the second is wrong, and the one model off it is right."""
    predicted = np.array([[0, 1, 2], [0, 1, 2], [1, 0, 2]])
    decomposition = zero_one_domingos(predicted, [0, 0, 2])
    assert decomposition.error == pytest.approx(3 / 9)
    assert decomposition.bias == pytest.approx(1 / 3)
    assert decomposition.variance_unbiased == pytest.approx((1 / 3) / 3)
    assert decomposition.variance_biased == pytest.approx((1 / 3) / 3)
    assert decomposition.net_variance == pytest.approx(0.0)


def test_ties_go_to_the_smaller_class() -> None:
    """Votes 2 and 1 tie: the main prediction is 1."""
    assert zero_one_domingos([[2], [1]], [1]).bias == 0.0
    assert zero_one_domingos([[2], [1]], [2]).bias == 1.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.sampled_from([2, 4]))
def test_identities_of_both_definitions(seed: int, classes: int) -> None:
    """Domingos' sum is the error for two classes, Kohavi and Wolpert's always; order is free."""
    rng = np.random.default_rng(seed)
    predicted, labels = rng.integers(classes, size=(5, 8)), rng.integers(classes, size=8)
    error = sum(predicted[i, m] != labels[m] for i in range(5) for m in range(8)) / 40
    domingos = zero_one_domingos(predicted, labels)
    wolpert = zero_one_kohavi_wolpert(predicted, labels).mean()
    assert domingos.error == pytest.approx(error)
    if classes == 2:
        assert domingos.bias + domingos.net_variance == pytest.approx(error, abs=1e-10)
    assert wolpert.risk == pytest.approx(error)
    assert wolpert.bias + wolpert.variance == pytest.approx(error, abs=1e-10)
    models, images = rng.permutation(5), rng.permutation(8)
    shuffled = predicted[np.ix_(models, images)]
    assert zero_one_domingos(shuffled, labels[images]).net_variance == pytest.approx(domingos.net_variance)
    assert zero_one_kohavi_wolpert(shuffled, labels[images]).mean().variance == pytest.approx(
        wolpert.variance
    )


def test_domingos_does_not_add_up_for_three_classes() -> None:
    """Leaving the wrong mode 1 for the wrong class 2 saves nothing."""
    decomposition = zero_one_domingos([[1], [1], [2]], [0])
    assert decomposition.error == 1.0
    assert decomposition.bias + decomposition.net_variance == pytest.approx(2 / 3)


def test_kohavi_wolpert_by_explicit_loops() -> None:
    """Plug-in variance class by class, times N/(N-1)."""
    rng = np.random.default_rng(0)
    predicted, labels = rng.integers(3, size=(4, 10)), rng.integers(3, size=10)
    decomposition = zero_one_kohavi_wolpert(predicted, labels)
    for m in range(10):
        shares = [sum(predicted[i, m] == c for i in range(4)) / 4 for c in range(3)]
        plug_in = (1 - sum(s**2 for s in shares)) / 2
        bias = sum(((labels[m] == c) - shares[c]) ** 2 for c in range(3)) / 2
        assert decomposition.variance[m] == pytest.approx(plug_in * 4 / 3, abs=1e-12)
        assert decomposition.bias[m] == pytest.approx(bias - plug_in / 3, abs=1e-12)


def test_crossed_kohavi_wolpert_is_half_the_squared_error_of_one_hot_predictions() -> None:
    """Two paths to one number, in a crossed design."""
    rng = np.random.default_rng(1)
    predicted, labels = rng.integers(3, size=(4, 3, 7)), rng.integers(3, size=7)
    with np.errstate(divide="ignore"):
        squared = squared_error(np.log(np.eye(3)[predicted]), labels)
    decomposition = zero_one_kohavi_wolpert(predicted, labels)
    np.testing.assert_allclose(decomposition.variance, squared.variance / 2, atol=1e-12)
    np.testing.assert_allclose(decomposition.bias, squared.bias / 2, atol=1e-12)


def test_models_that_agree_have_no_variance() -> None:
    """All bias, also for a label that no model ever predicts."""
    assert zero_one_domingos([[1, 1], [1, 1]], [1, 5]).net_variance == 0.0
    decomposition = zero_one_kohavi_wolpert([[1, 1], [1, 1]], [1, 5])
    np.testing.assert_array_equal(decomposition.bias, [0.0, 1.0])


@pytest.mark.parametrize("measure", [zero_one_domingos, zero_one_kohavi_wolpert])
@pytest.mark.parametrize(
    ("predicted", "labels", "message"),
    [
        ([[0, 1]], [0, 1], "predicted: expected at least two models, received 1 x 1"),
        ([0, 1], [0, 1], r"predicted: expected a non-empty \(D, I, M\) array, received \(2,\)"),
        ([[0.5], [1.0]], [0], "predicted: expected integer classes, received dtype float64"),
        ([[0], [-1]], [0], "predicted: expected classes from 0 up, received -1"),
        ([[0], [1]], [0, 1], r"labels: expected shape \(1,\), received \(2,\)"),
    ],
)
def test_malformed_input_is_refused(measure, predicted, labels, message) -> None:  # type: ignore[no-untyped-def]
    """Argument, expected, received."""
    with pytest.raises(ValueError, match=message):
        measure(predicted, labels)
