"""Seeds never change; equal parts give equal generators; an order is a permutation."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets import seeds


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
    assert seeds.seed(*parts) == digest // 2


PARTS = st.lists(st.one_of(st.integers(), st.text(max_size=4)), max_size=4)


@given(PARTS, PARTS)
def test_different_parts_give_different_seeds(first: list[int | str], second: list[int | str]) -> None:
    same_parts = [(type(part), part) for part in first] == [(type(part), part) for part in second]
    assert (seeds.seed(*first) == seeds.seed(*second)) == same_parts
    assert 0 <= seeds.seed(*first) < 2**63


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
    assert seeds.seed(*first) != seeds.seed(*second)


@pytest.mark.parametrize("part", [True, 1.0, None, b"a", np.int64(1)])
def test_seed_refuses_other_types(part: Any) -> None:
    with pytest.raises(TypeError, match="parts: expected int or str, received"):
        seeds.seed("a", part)


def test_equal_parts_give_equal_generators() -> None:
    first, same, second = (seeds.generator("small", part) for part in (0, 0, 1))
    draws = first.random(5).tolist()
    assert draws == same.random(5).tolist()
    assert draws != second.random(5).tolist()


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 100), n=st.integers(0, 80))
def test_batch_order_is_a_permutation(seed: int, epoch: int, n: int) -> None:
    order = seeds.batch_order(seed, epoch, n)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(n))
    assert np.array_equal(order, seeds.batch_order(seed, epoch, n))


def test_batch_order_changes_with_seed_and_epoch() -> None:
    orders = {tuple(seeds.batch_order(s, e, 30).tolist()) for s in range(5) for e in range(5)}
    assert len(orders) == 25
