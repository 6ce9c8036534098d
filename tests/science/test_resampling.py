"""The two-way bootstrap: seeds, scale, its limits where the answer is known, and broken input."""

import numpy as np
import pytest

from pipeline.science.comparison import mean_interval
from pipeline.science.resampling import two_way_bootstrap


def test_bootstrap_is_seeded_and_moves_with_its_values() -> None:
    """Equal seeds agree, others do not; shift and scale pass through to the limits."""
    grid = np.random.default_rng(5).normal(size=(6, 40))
    interval = two_way_bootstrap(grid, np.random.default_rng(6))
    repeated = two_way_bootstrap(grid, np.random.default_rng(6))
    moved = two_way_bootstrap(3 * grid + 1, np.random.default_rng(6))
    assert interval == repeated != two_way_bootstrap(grid, np.random.default_rng(7))
    assert interval.n == 6
    assert interval.estimate == pytest.approx(sum(map(sum, grid.tolist())) / 240)
    assert (moved.low, moved.high) == pytest.approx((3 * interval.low + 1, 3 * interval.high + 1))


@pytest.mark.parametrize("axis", [0, 1])
def test_bootstrap_of_one_source_is_near_its_t_interval(axis: int) -> None:
    """With nothing but replicate effects, or nothing but image effects, t is the answer."""
    effects = np.random.default_rng(8).normal(size=30)
    grid = np.broadcast_to(np.expand_dims(effects, 1 - axis), (30, 30)).copy()
    interval, expected = two_way_bootstrap(grid, np.random.default_rng(9)), mean_interval(effects)
    width = expected.high - expected.low
    assert interval.low == pytest.approx(expected.low, abs=0.05 * width)
    assert interval.high == pytest.approx(expected.high, abs=0.05 * width)


def test_bootstrap_of_a_constant_is_a_point() -> None:
    """No spread, no width, no division by zero."""
    for value in (0.1, 0.5):
        interval = two_way_bootstrap(np.full((3, 4), value), np.random.default_rng(0))
        assert (interval.low, interval.high) == pytest.approx((value, value), abs=1e-12)


def test_bootstrap_of_effects_that_cancel_keeps_its_width() -> None:
    """All rows and all columns have mean 0, yet the values differ: not a point."""
    interval = two_way_bootstrap([[1.0, -1.0], [-1.0, 1.0]], np.random.default_rng(0))
    assert interval.low < 0.0 < interval.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: two_way_bootstrap([[1.0, 2.0]], np.random.default_rng(0)),
            r"values: expected D >= 2 and M >= 2, received \(1, 2\)",
        ),
        (
            lambda: two_way_bootstrap(np.eye(2), np.random.default_rng(0), draws=99),
            "draws: expected at least 100, received 99",
        ),
    ],
)
def test_malformed_input_is_refused(call, message) -> None:  # type: ignore[no-untyped-def]
    """Argument, expected, received."""
    with pytest.raises(ValueError, match=message):
        call()
