"""The table and the sentence of the verdicts, and the order of the claims."""

from typing import Any

import pandas as pd
import pytest

from pipeline.page import claims


def verdicts(**words: str) -> list[dict[str, Any]]:
    return [
        {"claim": number[1:], "text": f"So {number[1:]}.", "verdict": word, "close": "", "ours": ""}
        for number, word in words.items()
    ]


def test_numbers_sort_as_numbers() -> None:
    table = pd.DataFrame(
        {"claim": ["10", "9b", "10b", "9a", "2"], "published": ["Yes.", None, "", "No.", "A."]}
    )
    rows = claims.by_number(table)
    assert [row["claim"] for row in rows] == ["2", "9a", "9b", "10", "10b"]
    assert [row["published"] for row in rows] == ["A.", "No.", "", "Yes.", ""]


def test_a_row_a_claim_in_the_order_given() -> None:
    table = claims.overview(verdicts(_7a="supported", _3="conditional"))
    assert table.values.tolist() == [
        ["[7a](#claim-7a)", "So 7a.", "✔ **supported**"],
        ["[3](#claim-3)", "So 3.", "◐ **conditional**"],
    ]


def test_a_claim_of_ours_and_a_close_verdict_say_so() -> None:
    (row,) = verdicts(_7a="refuted")
    table = claims.overview([row | {"ours": True, "close": "small, error"}])
    assert table.values.tolist() == [["[7a](#claim-7a)", "*Ours:* So 7a.", "✘ **refuted**, close"]]
    assert claims.sentence([row | {"ours": True}]) == "The study judges 0 claims of the source text."


def test_a_definition_is_no_claim() -> None:
    rows = verdicts(_1a="definition", _1b="supported")
    assert claims.overview(rows).verdict.tolist() == ["definition", "✔ **supported**"]
    said = "The study judges 1 claim of the source text: 1 supported."
    assert claims.sentence(rows) == f"{said} 1 sentence more only says what a word means."


def test_without_claims_the_table_has_its_head() -> None:
    assert claims.overview([]).columns.tolist() == claims.COLUMNS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["refuted"], "1 claim of the source text: 1 refuted."),
        (["refuted", "supported", "refuted"], "3 claims of the source text: 1 supported and 2 refuted."),
        (
            ["inconclusive", "conditional", "refuted"],
            "3 claims of the source text: 1 refuted, 1 conditional and 1 inconclusive.",
        ),
        ([], "0 claims of the source text."),
    ],
)
def test_the_claims_are_counted(words: list[str], said: str) -> None:
    rows = verdicts(**{f"_{number}": word for number, word in enumerate(words)})
    assert claims.sentence(rows) == f"The study judges {said}"
