"""The log-softmax against values worked out by hand."""

import numpy as np
import pytest

from pipeline.science.softmax import log_softmax


def test_log_softmax_by_hand_and_at_extremes() -> None:
    """Exact for small logits, finite for huge ones, -inf for a -inf logit, float64 throughout."""
    found = log_softmax(np.array([[0.0, np.log(3.0)]], dtype=np.float32))
    assert found.dtype == np.float64
    np.testing.assert_allclose(np.exp(found), [[0.25, 0.75]], atol=1e-7)
    np.testing.assert_allclose(log_softmax([1e4, 1e4, -1e4]), [-np.log(2)] * 2 + [-2e4 - np.log(2)])
    np.testing.assert_array_equal(log_softmax([5.0, -np.inf]), [0.0, -np.inf])


@pytest.mark.parametrize("row", [[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf]])
def test_log_softmax_refuses_what_has_no_softmax(row: list[float]) -> None:
    """NaN, +inf and a row of -inf are errors, never a NaN further down."""
    with pytest.raises(ValueError, match="logits: expected a finite maximum in every row"):
        log_softmax([row, [0.0, 0.0]])
