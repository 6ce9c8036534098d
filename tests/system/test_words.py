"""Numbers and names as sentences have them: none, one, two and many."""

from types import SimpleNamespace

import pytest

from pipeline.system import words

ROW = SimpleNamespace(estimate=-0.316, low=-0.418, high=0.0004)


def test_an_estimate_with_its_limits() -> None:
    assert words.interval(ROW, 2) == "-0.32 [-0.42, 0.00]"
    assert words.interval(ROW, 1, "+") == "-0.3 [-0.4, +0.0]"


def test_a_fall_is_told_from_below_zero() -> None:
    assert words.fall(ROW) == "0.32 [0.00, 0.42]"


@pytest.mark.parametrize(
    ("items", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_items_are_listed(items: list[str], said: str) -> None:
    assert words.listed(iter(items), "or") == said


def test_names_are_code() -> None:
    assert words.coded(["l1", "l2"]) == "`l1` and `l2`"


@pytest.mark.parametrize(("some", "said"), [(0, "none of 3"), (1, "1 of 3"), (3, "3 of 3")])
def test_a_part_of_a_whole(some: int, said: str) -> None:
    assert words.of(some, 3) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 epochs"), (1, "1 epoch"), (1200, "1,200 epochs")])
def test_a_count(count: int, said: str) -> None:
    assert words.counted(count, "epoch") == said


def test_a_sentence_begins_large() -> None:
    assert words.capital("in `a` it holds") == "In `a` it holds"
    assert words.capital("") == ""
