"""The answers to the questions: the numbers are those of the evidence and the tables."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from pipeline.reporting import answers
from tests.reporting import examples
from tests.reporting.examples import facts

# What an answer says, whatever its words: names, numbers, and which way.
ANSWERS = {
    "1": "0.420 0.320 0.620 `small` 2 3 narrowed 1 widened",
    "2": "1 2 1 1 `small` 0.1 1 no `small` 70% 20% 10%",
    "3": "`small` 0.420 1 0.450 2 0.700 81% 0.001 1 21% 2 2% 10.0 8.0 20.0 2.0% 5.0% 30.0%",
    "4": "lowered 1 2 raised 1 1 1 raised none",
    "5": "saves 8.2 8.0 8.8 `small` 100 +0.75 +0.50 +1.25 `small` later 25 25 26 `small`",
    "6": "5 `small` saves 40 60 0.012 0.46 `small` 35% 85%",
    "7": "10 5.6 32 +0.98 +0.93 +1.08 `small`",
    "8": "10 lowered 0.12 -0.12 0.62 0.1 none",
    "9": "2 `drop` 1 `baseline` 1 1",
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
def test_an_answer_has_the_numbers_of_the_evidence(number: str, tables: dict[str, Any]) -> None:
    assert facts(answers.computed(tables, examples.evidence())[number]) == ANSWERS[number]


def test_batch_normalization_is_held_against_the_network_without_it(tables: dict[str, Any]) -> None:
    rival = tables["differences"].assign(reference="tuned_baseline", estimate=9.26)
    both = tables | {"differences": pd.concat([rival, tables["differences"]])}
    assert facts(answers.computed(both, examples.evidence())["7"]) == ANSWERS["7"]


def test_a_study_without_what_a_question_asks_for_says_nothing(tables: dict[str, Any]) -> None:
    bare = {name: table.iloc[:0] for name, table in tables.items()}
    found = answers.computed(bare, examples.evidence().iloc[:0])
    assert found == dict.fromkeys(ANSWERS, "")
