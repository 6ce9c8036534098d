"""Penalties: the rule and the answer, from made-up runs and evidence."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.penalties import answer
from pipeline.questions.penalties.claims import CLAIMS, MARGINS, PENALTIES
from pipeline.science.verdicts import Outcome
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("penalties")
(CLAIM,) = CLAIMS
STUDY = cast(Any, SimpleNamespace())  # of which nothing is read


def runs(setting: str = "small", **falls: float) -> pd.DataFrame:
    """Runs in which every variant lowers error and cross-entropy by so much; the baseline by 2."""
    rows = [
        {"setting": setting, "variant": variant, "split": split, "init": init}
        | dict.fromkeys(MARGINS, 9.0 - fall + noise(1, place)[split] + (0.5 - init))
        for place, (variant, fall) in enumerate({"baseline": 2.0, **falls}.items())
        for split in SPLITS
        for init in (0, 1)
    ]
    return pd.DataFrame(rows)


# ---- the rule ----


def test_penalties_alone_are_judged_against_the_tuned_baseline() -> None:
    others: dict[str, Any] = {"dropout": 5.0, "max_norm": 5.0, "early_stopping": 5.0}
    penalties: dict[str, Any] = {"l2": 1.0, "weight_decay": 0.5, "l1": -1.0, "l1_l2": 0.25}
    assert set(penalties) == set(PENALTIES)
    evidence = CLAIM.evidence({"study/runs": runs(tuned_baseline=0.0, **others, **penalties)})
    assert [(piece.condition, piece.endpoint, piece.unit, piece.margin) for piece in evidence] == [
        (f"{name} in small", endpoint, unit, margin)
        for endpoint, unit, margin in (
            ("test cross entropy", "nats", 0.005),
            ("test error", "points", 0.1),
        )
        for name in penalties
    ]
    assert [round(piece.estimate, 2) for piece in evidence] == pytest.approx(2 * [1, 0.5, -1, 0.25], abs=0.02)
    assert [piece.outcome is Outcome.HOLDS for piece in evidence] == 2 * [True, True, False, True]


def test_a_setting_without_a_tuned_baseline_plays_no_part() -> None:
    both = pd.concat([runs("blind", l2=1.0), runs(tuned_baseline=0.0, l2=1.0)])
    assert {piece.condition for piece in CLAIM.evidence({"study/runs": both})} == {"l2 in small"}
    assert CLAIM.evidence({"study/runs": runs("blind", l2=1.0)}) == []


def test_an_improvement_below_the_margin_is_none() -> None:
    nats, points = CLAIM.evidence({"study/runs": runs(tuned_baseline=0.0, l2=0.05)})
    assert (nats.outcome, points.outcome) == (Outcome.HOLDS, Outcome.ABSENT)


def test_the_finding_counts_the_comparisons() -> None:
    evidence = CLAIM.evidence({"study/runs": runs(tuned_baseline=0.0, l2=0.05, l1=1.0, weight_decay=-1.0)})
    assert CLAIM.finding({}, evidence) == (
        "Of 3 comparisons with the tuned baseline, 2 lower the cross-entropy and 1 the error."
    )
    assert CLAIM.finding({}, []) == ""


# ---- the answer ----


def evidence(**outcomes: list[str]) -> pd.DataFrame:
    """A row an outcome, by unit."""
    rows = [(unit, outcome) for unit, of_unit in outcomes.items() for outcome in of_unit]
    return pd.DataFrame(rows, columns=["unit", "outcome"])


def test_the_answer_counts_what_was_lowered_and_raised() -> None:
    table = evidence(nats=["holds", "unknown"], points=["reversed", "holds", "reversed"])
    assert answer.values(STUDY, {}, table)["answer"] == (
        "Against a baseline tuned with as many trials, penalties on the weights lowered the test error in 1 "
        "of 3 comparisons and raised it in 2; the test cross-entropy in 1 of 2 comparisons and raised it in "
        "none."
    )


def test_nothing_lowered_is_said_as_none() -> None:
    said = answer.values(STUDY, {}, evidence(points=["absent"]))["answer"]
    assert made.facts(said) == "lowered none 1 raised none"


def test_without_evidence_nothing_is_said() -> None:
    values = answer.values(STUDY, {}, evidence())
    assert values == {"answer": ""}
    assert markdown.render(QUESTION.template, values).strip()


def test_the_question_looks_at_no_tables_of_its_own(tmp_path: Path) -> None:
    assert QUESTION.title == "Does it help to penalise large weights?"
    assert QUESTION.measure(made.study(tmp_path, {})) == {}
    assert QUESTION.draw({}) == {}
