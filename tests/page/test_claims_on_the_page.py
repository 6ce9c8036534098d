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


def evidence(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Evidence on claims: the outcome, and an adjusted p."""
    table = pd.DataFrame(rows, columns=["claim", "outcome", "p_value"])
    numbers = {
        "estimate": 0.5,
        "low": 0.25,
        "high": 0.75,
        "margin": 0.1,
        "n": 16,
        "test": "t",
        "equality": False,
        "p_equivalence": 0.04,
    }
    return table.assign(condition="l2 in small", endpoint="gap", unit="nats", **numbers)


NONE = evidence()


def test_a_row_a_claim_in_the_order_given_counts_its_comparisons() -> None:
    judged = evidence(
        ("7a", "holds", 0.01), ("7a", "holds", 0.01), ("7a", "unknown", 0.3), ("3", "absent", 1)
    )
    table = claims.overview(verdicts(_7a="supported", _3="conditional"), judged)
    assert table.values.tolist() == [
        ["[7a](#claim-7a)", "So 7a.", "✔ **supported**", "2", "", "", "1"],
        ["[3](#claim-3)", "So 3.", "◐ **conditional**", "", "", "1", ""],
    ]


def test_a_claim_of_ours_and_a_close_verdict_say_so() -> None:
    (row,) = verdicts(_7a="refuted")
    ((_, text, verdict, *_),) = claims.overview(
        [row | {"ours": True, "close": "small, error"}], NONE
    ).values.tolist()
    assert (text, verdict) == ("*Ours:* So 7a.", "✘ **refuted**, close")


def test_a_definition_is_no_claim() -> None:
    rows = verdicts(_1a="definition", _1b="supported")
    assert claims.overview(rows, NONE).verdict.tolist() == ["definition", "✔ **supported**"]


def test_without_claims_the_table_has_its_head() -> None:
    assert claims.overview([], NONE).columns.tolist() == claims.COLUMNS


def test_the_evidence_of_a_claim_has_adjusted_intervals_and_p() -> None:
    judged = evidence(("7a", "holds", 0.0123), ("7b", "unknown", 0.3), ("7a", "reversed", 1e-9))
    table = claims.numbers(judged, "7a")
    assert table.effect.tolist() == ["+0.5 [+0.25, +0.75]"] * 2
    assert table.endpoint.tolist() == ["gap (nats)"] * 2
    assert table.p.tolist() == ["0.012", "< 0.0001"]
    assert table.outcome.tolist() == ["✔ holds", "✘ the opposite"]
    assert "power" not in table
    assert claims.numbers(judged, "8").empty


@pytest.mark.parametrize("test", ["sign", "half"])
def test_the_range_of_the_pairs_is_no_interval(test: str) -> None:
    judged = evidence(("7a", "holds", 0.02)).assign(low=-1.0, high=3.0, test=test)
    assert claims.numbers(judged, "7a").effect.tolist() == ["+0.5 (from -1 to +3)"]


def test_the_p_value_is_that_of_the_test_that_decides() -> None:
    judged = evidence(("7a", "absent", 0.02), ("7a", "unknown", 0.3), ("7a", "holds", 0.01))
    assert claims.numbers(judged, "7a").p.tolist() == ["0.04", "0.3", "0.01"]
    assert claims.numbers(judged.assign(equality=True), "7a").p.tolist() == ["0.04", "0.3", "0.04"]


def test_where_no_two_methods_change_places_there_is_no_such_difference() -> None:
    judged = evidence(("9x", "absent", 1.0), ("9x", "holds", 0.01)).assign(test="reversal")
    assert claims.numbers(judged, "9x").effect.tolist() == ["", "+0.5 [+0.25, +0.75]"]


def test_what_is_not_settled_is_named() -> None:
    rows = verdicts(_7a="inconclusive", _7b="refuted", _10="inconclusive")
    assert claims.unsettled(rows) == "Not settled: [7a](#claim-7a) and [10](#claim-10)."
    assert claims.unsettled(rows[1:2]) == "Every claim is settled."


def test_what_was_not_measured_has_no_number() -> None:
    judged = evidence(("7a", "unknown", float("nan"))).assign(low=float("-inf"))
    (row,) = claims.numbers(judged, "7a").to_dict("records")
    assert (row["effect"], row["p"]) == ("not measured", "")


def test_a_rule_that_would_often_miss_its_effect_is_marked() -> None:
    judged = evidence(("7a", "holds", 0.01), ("7a", "unknown", 0.3), ("7a", "unknown", 0.3))
    table = claims.numbers(judged.assign(power=[0.8, 0.79, None]), "7a")
    assert table.power.tolist() == ["0.80", "0.79 (low)", ""]
