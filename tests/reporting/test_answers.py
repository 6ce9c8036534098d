"""The answers to the questions: the numbers are those of the evidence and the tables."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from pipeline.reporting import answers
from tests.reporting import examples

ANSWERS = {
    "1": "Without regularization the gap in cross-entropy is 0.420 [0.320, 0.620] nats in `small`. In 2 of 3 "
    "comparisons of a gap, in cross-entropy or in error, regularization narrowed it; in 1 it widened it.",
    "2": "Along the paths of strength, in two losses, bias rose beyond chance in 1 of 2 and variance fell in "
    "1 of 1. The risk is least in `small` at 0.1 of l1 and no dropout. Of the baseline's variance (squared "
    "error) in `small` 70% comes with the training set, 20% with the initial weights and 10% with the two "
    "together.",
    "3": "In `small` (validation loss 0.420 under L1, 0.450 under L2, 0.700 without) 81% of the weights lie "
    "below 0.001 under L1, 21% under L2 and 2% without; their norm is 10.0, 8.0 and 20.0; the share of the "
    "weights that carry it is 2.0%, 5.0% and 30.0%.",
    "4": "Against a baseline tuned with as many trials, penalties on the weights lowered the test error in "
    "1 of 2 comparisons and raised it in 1; the test cross-entropy in 1 of 1 comparisons and raised it in "
    "none.",
    "5": "With half of the hidden units silenced, dropout saves 8.2 [8.0, 8.8] points in `small`. To average "
    "100 passes with dropout on, instead of one with it off, changes the error by +0.75 [+0.50, +1.25] "
    "points in `small`. The best epoch comes later by 25 [25, 26] epochs in `small`.",
    "6": "With a patience of 5 epochs on the validation loss, in `small` it saves 40 of 60 epochs and ends "
    "0.012 nats and 0.46 points above the best epoch in hindsight. In `small` the stopped network puts out "
    "35% of the wrong labels that it was trained on, the one trained to the end 85%.",
    "7": "The largest learning rate that still works is 10 [5.6, 32] times the plain one's in the relu "
    "network. At the settings' own rate it changes the test error, against the network without it, by "
    "+0.98 [+0.93, +1.08] points in `small`.",
    "8": "Over 10 replicates dropout lowered the test error by 0.12 [-0.12, 0.62] points; differences "
    "within 0.1 points count as none.",
    "9": "In the 2 cells of the map the lowest error is that of `drop` in 1 and `baseline` in 1; in 1 of "
    "them another method cannot be told from it. Beyond chance, two methods change places along width and "
    "label noise.",
}


@pytest.fixture
def tables(
    make_summary: Callable[..., pd.DataFrame], make_differences: Callable[..., pd.DataFrame]
) -> dict[str, Any]:
    return examples.probes() | {
        "summary": make_summary({"small": {"baseline": {"cross_entropy_gap": 0.42}}}),
        "differences": make_differences({"small": {"batch_norm": {"test_error": 0.984}}}),
    }


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_in_full(number: str, tables: dict[str, Any]) -> None:
    assert answers.computed(tables, examples.evidence())[number] == ANSWERS[number]


def test_batch_normalization_is_held_against_the_network_without_it(tables: dict[str, Any]) -> None:
    rival = tables["differences"].assign(reference="tuned_baseline", estimate=9.26)
    both = tables | {"differences": pd.concat([rival, tables["differences"]])}
    assert answers.computed(both, examples.evidence())["7"] == ANSWERS["7"]


def test_a_study_without_what_a_question_asks_for_says_nothing(tables: dict[str, Any]) -> None:
    bare = {name: table.iloc[:0] for name, table in tables.items()}
    found = answers.computed(bare, examples.evidence().iloc[:0])
    assert found == dict.fromkeys(ANSWERS, "")
