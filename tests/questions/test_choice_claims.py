"""Claim 9: the rule, from made-up differences."""

from typing import Any

import pandas as pd
import pytest

from pipeline.questions.choice.claims import CLAIMS
from pipeline.science.verdicts import Outcome

(CLAIM,) = CLAIMS


def pair(
    condition: str,
    estimate: float,
    p_holm: float = 0.001,
    *,
    train_size: int = 1000,
    width: int = 8,
    label_noise: float = 0.0,
    pair: tuple[str, str] = ("l2", "dropout"),
    n: int = 5,
) -> dict[str, Any]:
    """A row of `differences`, with limits 0.1 below and 0.2 above."""
    place = {"condition": condition, "train_size": train_size, "width": width, "label_noise": label_noise}
    limits = {"estimate": estimate, "low": estimate - 0.1, "high": estimate + 0.2}
    return place | {"first": pair[0], "second": pair[1], "n": n, "p_holm": p_holm} | limits


def judged(*rows: dict[str, Any]) -> dict[str, Any]:
    """The evidence on every axis, by its name."""
    return {piece.condition: piece for piece in CLAIM.evidence({"differences": pd.DataFrame(rows)})}


def test_the_evidence_is_the_smaller_of_two_differences_and_as_sure_as_the_less_sure() -> None:
    """Where the smaller one is negative, it is turned round, limits included."""
    up = pair("few", 2.0, 0.02, train_size=100, n=6)
    piece = judged(up, pair("many", -0.5, 0.01, train_size=5000, n=3))["data size"]
    assert piece.endpoint == "l2 and dropout change places between few and many"
    assert (piece.unit, piece.n, piece.p_value, piece.margin) == ("points", 3, 0.02, 0.1)
    assert (piece.estimate, piece.low, piece.high) == pytest.approx((0.5, 0.3, 0.6))
    assert piece.outcome is Outcome.HOLDS
    piece = judged(up, pair("many", -3.0, 0.2, train_size=5000, n=3))["data size"]
    assert (piece.estimate, piece.low, piece.high) == pytest.approx((2.0, 1.9, 2.2))
    assert (piece.n, piece.p_value) == (6, 0.2)
    assert piece.outcome is Outcome.UNKNOWN


def test_the_surest_reversal_is_shown_and_of_equals_the_largest() -> None:
    rows = [pair("narrow", 3.0, 0.04), pair("wide", -3.0, 0.04, width=99)]
    rows += [
        pair("narrow", 1.0, 0.01, pair=("l1", "l2")),
        pair("wide", -1.0, 0.01, width=99, pair=("l1", "l2")),
    ]
    rows += [pair("narrow", 2.0, 0.01, pair=("l1", "max_norm"))]
    rows += [pair("wide", -2.0, 0.01, width=99, pair=("l1", "max_norm"))]
    piece = judged(*rows)["width"]
    assert piece.endpoint == "l1 and max_norm change places between narrow and wide"
    assert (piece.estimate, piece.p_value) == (2.0, 0.01)


def test_a_reversal_counts_all_else_equal() -> None:
    """Where size and noise both change, neither axis shows one."""
    evidence = judged(pair("few", 2.0, train_size=100), pair("noisy", -2.0, label_noise=0.2))
    assert list(evidence) == ["data size", "width", "label noise"]
    assert {piece.outcome for piece in evidence.values()} == {Outcome.UNKNOWN}
    assert {piece.endpoint for piece in evidence.values()} == {"no two methods change places"}
    alone = judged(pair("clean", 2.0), pair("noisy", -2.0, label_noise=0.2))
    assert [piece.outcome for piece in alone.values()] == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.HOLDS]


def test_a_reversal_beyond_chance_is_shown_beside_a_line_with_one_winner() -> None:
    """`dropout` always wins with clean labels; with wrong ones the width decides."""
    rows = [pair("narrow", 2.0), pair("wide", 2.0, width=99)]
    rows += [pair("narrow_noisy", 2.0, label_noise=0.2)]
    rows += [pair("wide_noisy", -2.0, width=99, label_noise=0.2)]
    assert judged(*rows)["width"].outcome is Outcome.HOLDS


@pytest.mark.parametrize(("p_value", "outcome"), [(0.01, Outcome.HOLDS), (0.2, Outcome.ABSENT)])
def test_behind_one_winner_two_methods_may_change_places(p_value: float, outcome: Outcome) -> None:
    """`dropout` is the best throughout; it takes a reversal beyond chance to say more than that."""
    rows = [
        pair(f"{other} {width}", 2.0, width=width, pair=(other, "dropout"))
        for other in ("l1", "l2")
        for width in (8, 99)
    ]
    rows += [
        pair("narrow", 1.0, p_value, pair=("l1", "l2")),
        pair("wide", -1.0, p_value, width=99, pair=("l1", "l2")),
    ]
    piece = judged(*rows)["width"]
    assert piece.outcome is outcome
    changed = "l1 and l2 change places between narrow and wide"
    assert piece.endpoint == (changed if outcome is Outcome.HOLDS else "one method is the best throughout")


def test_the_finding_counts_the_winners() -> None:
    winners = pd.DataFrame({"best": ["drop", "l2", "drop"], "tied": [None, "l1 drop", "l2"]})
    assert CLAIM.finding({"winners": winners}, []) == (
        "Lowest error under the 3 conditions: drop in 2, l2 in 1; under 2 another method cannot be told from "
        "the best."
    )
