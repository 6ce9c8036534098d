"""Draws of indices and labels, and the seeds they come from."""

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
    spare=st.integers(0, 5),
    seed=st.integers(0, 2**32),
)
def test_disjoint_splits_share_nothing(number: int, size: int, spare: int, seed: int) -> None:
    pool = (100 + 3 * np.arange(number * size + spare)).astype(np.int32)
    before = pool.copy()
    drawn = splits.disjoint(pool, number, size, rng(seed))
    assert drawn.shape == (number, size)
    assert drawn.dtype == np.int32
    assert len(set(drawn.ravel().tolist())) == number * size
    assert set(drawn.ravel().tolist()) <= set(before.tolist())
    assert np.array_equal(pool, before)


def test_the_whole_pool_is_drawn_as_a_permutation() -> None:
    pool = np.arange(50, dtype=np.int32)
    drawn = splits.disjoint(pool, 1, 50, rng())
    assert sorted(drawn[0].tolist()) == pool.tolist()
    assert drawn[0].tolist() != pool.tolist()


def test_disjoint_refuses_a_pool_that_is_too_small() -> None:
    message = r"at most the 11 indices of the pool, received 3 x 4 = 12"
    with pytest.raises(ValueError, match=message):
        splits.disjoint(np.arange(11, dtype=np.int32), 3, 4, rng())


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


@pytest.mark.parametrize(
    ("parts", "digest"),
    [
        # sha256sum of: nothing; s5:spliti1:0; i2:-7; s2:-7; s3: and the UTF-8 bytes of é and x
        ((), 0xE3B0C44298FC1C14),
        (("split", 0), 0x32CA4C38C4229C74),
        ((-7,), 0xC492C90C2F80B73D),
        (("-7",), 0xF3B6EF68C249C230),
        (("éx",), 0x45D64670E2A2A09B),
    ],
)
def test_seeds_never_change(parts: tuple[int | str, ...], digest: int) -> None:
    assert splits.seed(*parts) == digest // 2


PARTS = st.lists(st.one_of(st.integers(), st.text(max_size=4)), max_size=4)


@given(PARTS, PARTS)
def test_different_parts_give_different_seeds(first: list[int | str], second: list[int | str]) -> None:
    same_parts = [(type(part), part) for part in first] == [(type(part), part) for part in second]
    assert (splits.seed(*first) == splits.seed(*second)) == same_parts
    assert 0 <= splits.seed(*first) < 2**63


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("ab", "c"), ("a", "bc")),
        ((1, 2), (12,)),
        ((1,), ("1",)),
        ((), ("",)),
        (("a", "b"), ("b", "a")),
        (("ai1:0",), ("a", 0)),
    ],
)
def test_parts_that_look_alike_give_different_seeds(
    first: tuple[int | str, ...], second: tuple[int | str, ...]
) -> None:
    assert splits.seed(*first) != splits.seed(*second)


@pytest.mark.parametrize("part", [True, 1.0, None, b"a", np.int64(1)])
def test_seed_refuses_other_types(part: Any) -> None:
    with pytest.raises(TypeError, match="parts: expected int or str, received"):
        splits.seed("a", part)


def test_equal_parts_give_equal_generators() -> None:
    first, same, second = (splits.generator("small", part) for part in (0, 0, 1))
    draws = first.random(5).tolist()
    assert draws == same.random(5).tolist()
    assert draws != second.random(5).tolist()


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


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 100), n=st.integers(0, 80))
def test_batch_order_is_a_permutation(seed: int, epoch: int, n: int) -> None:
    order = splits.batch_order(seed, epoch, n)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(n))
    assert np.array_equal(order, splits.batch_order(seed, epoch, n))


def test_batch_order_changes_with_seed_and_epoch() -> None:
    orders = {tuple(splits.batch_order(s, e, 30).tolist()) for s in range(5) for e in range(5)}
    assert len(orders) == 25
