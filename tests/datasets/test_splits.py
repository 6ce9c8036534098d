"""Draws of training sets and labels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets import splits


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(size=st.integers(0, 60), share=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_hold_out_parts_the_indices(size: int, share: float, seed: int) -> None:
    held_size = int(share * size)
    pool, held = splits.hold_out(size, held_size, rng(seed))
    assert pool.dtype == held.dtype == np.int32
    assert len(held) == held_size
    assert pool.tolist() == sorted(pool.tolist())
    assert sorted([*pool.tolist(), *held.tolist()]) == list(range(size))


def test_a_prefix_of_the_held_out_is_a_random_sample() -> None:
    first = np.array([splits.hold_out(20, 10, rng(seed))[1][0] for seed in range(4000)])
    # Each of the 20 indices leads 200 times, give or take 5 binomial standard deviations (13.8).
    assert np.all(np.abs(np.bincount(first, minlength=20) - 200) < 69)


@pytest.mark.parametrize("held", [-1, 6])
def test_hold_out_refuses_more_than_there_is(held: int) -> None:
    with pytest.raises(ValueError, match=f"held: expected 0 to 5 of 5 indices, received {held}"):
        splits.hold_out(5, held, rng())


@given(
    number=st.integers(1, 6),
    size=st.integers(1, 6),
    last=st.integers(0, 4),
    spare=st.integers(0, 5),
    seed=st.integers(0, 2**32),
)
def test_disjoint_splits_share_nothing(number: int, size: int, last: int, spare: int, seed: int) -> None:
    pool = (100 + 3 * np.arange((number + last) * size + spare)).astype(np.int32)
    before = pool.copy()
    drawn = splits.disjoint(pool, number, size, rng(seed), last)
    assert drawn.shape == (number + last, size)
    assert drawn.dtype == np.int32
    assert len(set(drawn.ravel().tolist())) == (number + last) * size
    assert set(drawn.ravel().tolist()) <= set(before.tolist())
    assert np.array_equal(pool, before)


def test_the_whole_pool_is_drawn_as_a_permutation() -> None:
    pool = np.arange(50, dtype=np.int32)
    drawn = splits.disjoint(pool, 1, 50, rng())
    assert sorted(drawn[0].tolist()) == pool.tolist()
    assert drawn[0].tolist() != pool.tolist()


def test_disjoint_refuses_a_pool_that_is_too_small() -> None:
    message = r"at most the 11 indices of the pool, received 3 x 4 = 12"
    for last in (0, 1, 2):
        with pytest.raises(ValueError, match=message):
            splits.disjoint(np.arange(11, dtype=np.int32), 3 - last, 4, rng(), last)


@pytest.mark.parametrize(("number", "size"), [(0, 4), (3, 0), (-3, -4)])
def test_disjoint_refuses_nothing_to_draw(number: int, size: int) -> None:
    message = f"expected at least 1 each, received {number} and {size}"
    with pytest.raises(ValueError, match=message):
        splits.disjoint(np.arange(20, dtype=np.int32), number, size, rng())


@given(
    labels=st.lists(st.integers(0, 4), max_size=50),
    share=st.floats(0, 1),
    dtype=st.sampled_from([np.uint8, np.int32, np.int64]),
    seed=st.integers(0, 2**32),
)
def test_flipping_changes_exactly_its_share(
    labels: list[int], share: float, dtype: type[np.integer[Any]], seed: int
) -> None:
    given_labels = np.array(labels, dtype)
    flipped = splits.flip_labels(given_labels, share, 5, rng(seed))
    assert flipped.dtype == dtype
    assert given_labels.tolist() == labels
    changed = sum(new != old for new, old in zip(flipped.tolist(), labels, strict=True))
    assert changed == round(share * len(labels))
    assert all(0 <= label < 5 for label in flipped.tolist())


def test_wrong_classes_and_places_are_uniform() -> None:
    labels = np.full(30_000, 3, np.uint8)
    flipped = splits.flip_labels(labels, 0.5, 4, rng())
    counts = np.bincount(flipped, minlength=4)
    # 15,000 over three classes: 5,000 each, give or take 5 standard deviations (57.7).
    assert counts[3] == 15_000
    assert np.all(np.abs(counts[:3] - 5_000) < 289)
    # Half of the flips in each half: 7,500, give or take 5 hypergeometric deviations (43.3).
    assert abs(int((flipped[:15_000] != 3).sum()) - 7_500) < 217


@pytest.mark.parametrize(
    ("labels", "share", "classes", "message"),
    [
        ([0, 1], -0.1, 2, "share: expected 0 to 1, received -0.1"),
        ([0, 1], float("nan"), 2, "share: expected 0 to 1, received nan"),
        ([0, 0], 0.5, 1, "classes: expected at least 2, received 1"),
        ([0, 5], 0.5, 5, "labels: expected 0 to 4, received 0 to 5"),
        ([-1, 2], 0.5, 5, "labels: expected 0 to 4, received -1 to 2"),
    ],
)
def test_flipping_names_what_it_refuses(labels: list[int], share: float, classes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        splits.flip_labels(np.array(labels), share, classes, rng())


def test_draws_depend_on_the_generator_alone() -> None:
    pool = np.arange(100, dtype=np.int32)
    labels = (pool % 10).astype(np.uint8)
    for draw in (
        lambda rng: splits.hold_out(100, 30, rng)[1],
        lambda rng: splits.disjoint(pool, 3, 20, rng),
        lambda rng: splits.flip_labels(labels, 0.3, 10, rng),
    ):
        assert np.array_equal(draw(rng(7)), draw(rng(7)))
        assert not np.array_equal(draw(rng(7)), draw(rng(8)))
