"""What holds for every claim: its rule and its number, its evidence as written, and its verdict as a row."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from pipeline import questions
from pipeline.questions import Question
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, Definition, paired_by_split, sentence, variants_of
from pipeline.questions.verdicts import counted, evidence_table, judge, verdict_table
from pipeline.science.verdicts import Evidence, Outcome
from pipeline.system.files import read_table, write_table

QUESTIONS = questions.discover()
NUMBERS = [claim.number for question in QUESTIONS for claim in question.claims]


def place(number: str) -> tuple[int, str]:
    """What a claim is sorted by: 2 before 10, 7a before 7b."""
    digits, part = re.fullmatch(r"(\d+)([a-z]?)", number).groups()  # type: ignore[union-attr]
    return int(digits), part


# ---- the claims of the source text ----


def test_the_claims_are_those_of_the_source_text() -> None:
    """Questions 1 to 9, some in parts."""
    assert {place(number)[0] for number in NUMBERS} == set(range(1, 10))


def test_a_number_is_given_once() -> None:
    assert sorted(NUMBERS) == sorted(set(NUMBERS))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_claims_of_a_question_come_in_the_order_of_their_numbers(question: Question) -> None:
    numbers = [claim.number for claim in question.claims]
    assert numbers == sorted(numbers, key=place)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_rule_names_every_claim_that_it_judges(question: Question) -> None:
    """The rules are the docstring of the claims."""
    rule = (question.template.parent / "claims.py").read_text(encoding="utf-8").split('"""')[1]
    assert re.match(r"Claims? \d", rule)
    for claim in question.claims:
        assert re.search(rf"\b{claim.number}\b", rule) or re.match(rf"Claim {place(claim.number)[0]}\b", rule)


# ---- evidence and verdicts, as they are written ----


def piece(condition: str, outcome: Outcome = Outcome.HOLDS, **changes: Any) -> Evidence:
    p_value = 0.0 if outcome in (Outcome.HOLDS, Outcome.REVERSED) else 1.0
    fields: dict[str, Any] = {
        "condition": condition,
        "endpoint": "error",
        "unit": "points",
        "estimate": -1.0 if outcome is Outcome.REVERSED else 1.0,
        "low": 0.0,
        "high": 2.0,
        "n": 5,
        "p_value": p_value,
        "p_equivalence": 0.0 if outcome is Outcome.ABSENT else 1.0,
        "margin": 0.1,
    }
    made = Evidence(**fields | changes)
    assert made.outcome is outcome
    return made


def claim(number: str, *evidence: Evidence, finding: Callable[..., str] = lambda *_: "") -> Claim:
    """A claim that finds this evidence in whatever tables."""

    def judged(tables: Tables) -> Sequence[Evidence]:
        return evidence

    return Claim(number, f"So {number}.", f"Somebody on {number}.", judged, finding=finding)


def test_a_sentence_rounds_what_the_table_says() -> None:
    exact = piece("small", estimate=0.08499999999999)
    assert f"{exact.estimate:.2f}" == "0.08"
    judged = claim("1", exact, finding=lambda tables, evidence: f"By {evidence[0].estimate:.2f}.")
    evidence = judged.judged_by({})
    assert evidence_table([(judged, evidence)]).estimate.tolist() == [0.085]
    assert verdict_table([(judged, evidence)], {}).finding.tolist() == ["By 0.09. Holds in 1 of 1."]


def test_only_the_numbers_are_rounded() -> None:
    exact = piece("small", Outcome.UNKNOWN, low=-1 / 3, high=1 + 4 / 3, deviation=2 / 3)
    (written,) = claim("1", exact).judged_by({})
    rounded = {"low": -0.333333333, "high": 2.33333333, "deviation": 0.666666667}
    assert vars(written) == vars(exact) | rounded


def test_the_evidence_of_a_claim_is_adjusted_together() -> None:
    pieces = [piece("small", p_value=0.01), piece("noisy", p_value=0.02), piece("deep", p_value=0.05)]
    judged = claim("1", *pieces).judged_by({})
    assert [item.p_value for item in judged] == pytest.approx([0.03, 0.04, 0.05])
    assert judged[0].low < 0 < judged[2].high == 2.0


def test_the_evidence_has_a_row_a_condition_and_endpoint(tmp_path: Any) -> None:
    both = [piece("small"), piece("noisy", Outcome.REVERSED)]
    judged = [(claim("2a", *both), both), (claim("10"), []), (claim("2b"), [piece("small", Outcome.ABSENT)])]
    table = evidence_table(judged)
    assert table.columns.tolist() == [
        *("claim", "condition", "endpoint", "unit", "estimate", "low", "high", "n"),
        *("p_value", "p_equivalence", "margin", "equality", "test", "deviation", "outcome"),
    ]
    assert table[["claim", "condition", "outcome"]].to_numpy().tolist() == [
        ["2a", "small", "holds"],
        ["2a", "noisy", "reversed"],
        ["2b", "small", "absent"],
    ]
    write_table(tmp_path / "evidence.csv", evidence_table([]))
    assert read_table(tmp_path / "evidence.csv").columns.tolist() == table.columns.tolist()


def test_the_verdicts_have_a_row_a_claim_in_the_order_given() -> None:
    def finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
        return f"{len(tables)} table, {len(evidence)} piece."

    judged = [
        (claim("7b", finding=finding), [piece("small")]),
        (claim("7a"), [piece("small", Outcome.ABSENT)]),
        (claim("8"), []),
    ]
    table = verdict_table(judged, {"runs": pd.DataFrame()})
    assert table.to_numpy().tolist() == [
        ["7b", "So 7b.", "supported", "", False, "1 table, 1 piece. Holds in 1 of 1.", "Somebody on 7b."],
        [
            "7a",
            "So 7a.",
            "refuted",
            "",
            False,
            "Holds in 0 of 1; absent or below the margin: small (error).",
            "Somebody on 7a.",
        ],
        ["8", "So 8.", "inconclusive", "", False, "The study has no runs to judge it by.", "Somebody on 8."],
    ]
    assert table.columns.tolist() == ["claim", "text", "verdict", "close", "ours", "finding", "published"]


def test_a_verdict_that_one_row_could_change_names_it() -> None:
    both = [piece("small", p_value=0.0), piece("noisy", Outcome.REVERSED, p_value=0.04)]
    (row,) = verdict_table([(claim("1", *both), both)], {}).to_dict("records")
    assert (row["verdict"], row["close"]) == ("conditional", "noisy, error")


def test_a_definition_has_a_line_in_the_place_of_a_verdict() -> None:
    made = Definition("1a", "It is a penalty.", lambda tables: f"{len(tables)} of 12 add one.")
    judged = judge([made, claim("1b", piece("small"))], {"runs": pd.DataFrame()})
    assert [len(evidence) for _, evidence in judged] == [0, 1]
    (first, second) = verdict_table(judged, {"runs": pd.DataFrame()}).to_dict("records")
    assert (first["verdict"], first["finding"]) == ("definition", "1 of 12 add one.")
    assert second["verdict"] == "supported"
    assert evidence_table(judged).claim.tolist() == ["1b"]


def test_a_claim_that_something_can_happen_needs_it_once() -> None:
    evidence = [piece("small"), piece("noisy", Outcome.REVERSED)]
    assert str(claim("1").verdict(evidence)) == "conditional"
    assert str(Claim("1", "", "", lambda tables: (), existential=True).verdict(evidence)) == "supported"


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ([Outcome.HOLDS], "Holds in 1 of 1."),
        (
            [Outcome.UNKNOWN, Outcome.HOLDS, Outcome.REVERSED],
            "Holds in 1 of 3; the opposite: 2 (error); cannot be told: 0 (error).",
        ),
        (
            [Outcome.ABSENT] * 4,
            "Holds in 0 of 4; absent or below the margin: 0 (error), 1 (error), 2 (error), 3 (error).",
        ),
        (
            [Outcome.UNKNOWN] * 6,
            "Holds in 0 of 6; cannot be told: 0 (error), 1 (error), 2 (error), 3 (error) and 2 more.",
        ),
    ],
)
def test_a_sentence_names_where_it_does_not_hold(outcomes: list[Outcome], said: str) -> None:
    assert counted([piece(str(number), outcome) for number, outcome in enumerate(outcomes)]) == said


# ---- what claims are made of ----


def test_inits_are_averaged_before_pairing() -> None:
    table = pd.DataFrame(
        {"setting": "s", "variant": variant, "split": split, "init": init, "score": score}
        for variant, scores in (("drop", (1, 3, 5, 7, 2, 4)), ("baseline", (1, 1, 1, 1, 0, 2)))
        for (split, init), score in zip([(d, i) for d in range(3) for i in (0, 1)], scores, strict=True)
    )
    assert paired_by_split(table, "s", "score", "drop").tolist() == [1.0, 5.0, 2.0]
    assert paired_by_split(table, "s", "score", "baseline", "drop").tolist() == [-1.0, -5.0, -2.0]
    single = table[table.split == 0]
    assert paired_by_split(single, "s", "score", "drop").tolist() == [
        0.0,
        2.0,
    ]  # the inits are the replicates
    with pytest.raises(ValueError, match="s: expected drop and baseline on the same replicates"):
        paired_by_split(table.drop(index=[0, 1]), "s", "score", "drop")


def test_the_variants_of_a_setting_are_no_baselines() -> None:
    rows = [("s", "tuned_baseline"), ("s", "l2"), ("t", "l1"), ("s", "baseline"), ("s", "drop"), ("s", "l2")]
    assert variants_of(pd.DataFrame(rows, columns=["setting", "variant"]), "s") == ["l2", "drop"]


def test_parts_make_a_sentence() -> None:
    assert sentence(["in `small` 2", "none"]) == "In `small` 2; none."
    assert sentence([]) == ""
