"""Sentences and rankings from hand-made tables: the numbers are those of the table."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import params
from pipeline.reporting import findings

MakeTable = Callable[[Mapping[str, Any]], pd.DataFrame]
Headline = Callable[[Mapping[str, Any], Mapping[str, Any]], str]


@pytest.fixture
def headline(make_summary: MakeTable, make_differences: MakeTable) -> Headline:
    """The headline of setting `here`; another setting with other numbers stands beside it."""

    def make(summary: Mapping[str, Any], differences: Mapping[str, Any]) -> str:
        there = {"test_error": 77.0, "cross_entropy_gap": 77.0, "p": 0.0, "p_gap": 0.0}
        return findings.headline(
            "here",
            make_summary({"there": {"baseline": there, "drop": there}, "here": summary}),
            make_differences({"there": {"drop": there}, "here": differences}),
        )

    return make


SUMMARY = {
    "baseline": {"test_error": 9.916, "cross_entropy_gap": 0.4194},
    "drop": {"test_error": 8.641},
    "ridge": {"test_error": 9.1},
    "norm": {"test_error": 10.5},
    "stop": {"test_error": 10.9},
}
DIFFERENCES = {
    "ridge": {"test_error": -0.816, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.06},
    "drop": {"test_error": -1.275, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.01},
    "norm": {"test_error": 0.584, "p": 0.02, "cross_entropy_gap": 0.1, "p_gap": 0.01},
    "stop": {"test_error": 0.984, "p": 0.03, "cross_entropy_gap": -0.1, "p_gap": 0.05},
}


def changed(table: Mapping[str, Any], **changes: Mapping[str, float]) -> dict[str, Any]:
    return {variant: row | changes.get(variant, {}) for variant, row in table.items()}


def test_a_headline_in_full(headline: Headline) -> None:
    """Limits lie 0.05 below and 0.1 above the change, so a fall by 1.275 has 1.175 to 1.325."""
    assert headline(SUMMARY, DIFFERENCES).startswith(
        "In **`here`** the baseline errs on 9.92 % of the test images. 2 of 4 variants lowered that beyond "
        "chance (Holm-adjusted p at most 0.05): most of all `drop`, by 1.27 points (95 % interval 1.17 to "
        "1.32), to 8.64 %. `norm` and `stop` raised it. 2 of 4 variants narrowed the train-test gap in "
        "cross-entropy, which is 0.419 nats without regularization or tuning. "
    )


def test_the_error_is_held_against_the_tuned_baseline_and_the_gap_against_the_plain_one(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    tuned = {"test_error": 9.0, "cross_entropy_gap": 0.05}
    plain = {"drop": {"test_error": -1.275, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.01}}
    plain |= {"ridge": DIFFERENCES["ridge"], "tuned_baseline": {"p_gap": 0.001, "cross_entropy_gap": -0.3}}
    own = {"drop": {"test_error": -0.359, "p": 0.001, "p_gap": 0.9}, "ridge": {"test_error": 0.1, "p": 0.9}}
    summary = make_summary({"here": SUMMARY | {"tuned_baseline": tuned}})
    both = [
        make_differences({"here": plain}),
        make_differences({"here": own}).assign(reference="tuned_baseline"),
    ]
    differences = pd.concat(both, ignore_index=True)
    assert findings.headline("here", summary, differences).startswith(
        "In **`here`** the baseline, its epochs and learning rate tuned as the variants are, errs on 9.00 % "
        "of the test images. 1 of 2 variants lowered that beyond chance (Holm-adjusted p at most 0.05): most "
        "of all `drop`, by 0.36 points (95 % interval 0.26 to 0.41), to 8.64 %. 1 of 2 variants narrowed the "
        "train-test gap in cross-entropy, which is 0.419 nats without regularization or tuning. "
    )
    ranked = findings.ranking("here", summary, differences).set_index("variant")
    assert ranked["against tuned baseline, points"]["`drop`"] == "-0.36 [-0.41, -0.26]"


def test_what_was_chosen_is_a_column_a_setting_and_an_end_is_marked() -> None:
    columns = ("setting", "variant", "candidate", "values", "chosen")
    rows = [("a", "drop", n, f"rate={n}", n == 1) for n in range(3)]
    rows += [("b", "drop", n, f"rate={n}", n == 2) for n in range(3)]
    rows += [("a", "ridge", n, f"strength={n}", n == 0) for n in range(3)]
    table = findings.choices(pd.DataFrame(rows, columns=columns))
    assert table.to_dict("records") == [
        {"variant": "`drop`", "`a`": "rate=1", "`b`": "rate=2 (at the end)"},
        {"variant": "`ridge`", "`a`": "strength=0 (at the end)", "`b`": ""},
    ]


def test_the_best_is_the_largest_fall_that_is_beyond_chance(headline: Headline) -> None:
    by_chance = changed(DIFFERENCES, drop={"p": 0.051})
    assert "1 of 4 variants lowered that beyond chance" in headline(SUMMARY, by_chance)
    assert "most of all `ridge`, by 0.82 points" in headline(SUMMARY, by_chance)


def test_one_two_or_three_that_raised_it(headline: Headline) -> None:
    one = changed(DIFFERENCES, stop={"p": 0.2})
    assert " `norm` raised it." in headline(SUMMARY, one)
    three = changed(DIFFERENCES, ridge={"test_error": 0.1})
    assert " `ridge`, `norm` and `stop` raised it." in headline(SUMMARY, three)
    none = changed(DIFFERENCES, norm={"p": 0.2}, stop={"p": 0.2})
    assert "raised" not in headline(SUMMARY, none)


def test_nothing_better_is_said(headline: Headline) -> None:
    worse = changed(DIFFERENCES, drop={"p": 0.3}, ridge={"test_error": 0.2}, stop={"p_gap": 0.2})
    sentence = headline(SUMMARY, changed(worse, drop={"p_gap": 0.2}))
    assert "None of 4 variants lowered that beyond chance (Holm-adjusted p at most 0.05). " in sentence
    assert "most of all" not in sentence
    assert "None of 4 variants narrowed the train-test gap" in sentence


@pytest.mark.parametrize(
    ("estimate", "p_holm", "word"),
    [
        (-0.1, 0.05, "better"),
        (0.1, 0.05, "worse"),
        (-0.1, 0.0500001, "indistinguishable"),
        (0.1, 0.0500001, "indistinguishable"),
        (0.0, 1.0, "indistinguishable"),
        (-3.0, 0.0, "better"),
    ],
)
def test_a_verdict_turns_at_a_p_of_a_twentieth(estimate: float, p_holm: float, word: str) -> None:
    assert findings.verdict(estimate, p_holm) == word


@pytest.mark.parametrize(
    ("estimate", "p", "words"),
    [
        (-0.316, 0.05, "lowered the error: a change of -0.32 [-0.37, -0.22] points"),
        (0.316, 0.01, "raised the error: a change of +0.32 [+0.27, +0.42] points"),
        (
            -0.083,
            0.051,
            "made no difference to the error that these runs can tell from chance: "
            "a change of -0.08 [-0.13, +0.02] points",
        ),
    ],
)
def test_a_setting_with_one_variant(headline: Headline, estimate: float, p: float, words: str) -> None:
    sentence = headline(
        {"baseline": {"test_error": 2.422}, "drop": {}},
        {"drop": {"test_error": estimate, "p": p, "cross_entropy_gap": -0.0123}},
    )
    assert sentence == (
        f"In **`here`** the baseline errs on 2.42 % of the test images. `drop` {words}. "
        "The train-test gap in cross-entropy changed by -0.012 [-0.062, +0.088] nats."
    )


def test_tradeoff_counts_what_moved_which_way(make_summary: MakeTable) -> None:
    moves = {
        "baseline": (0.1, 0.1),
        "traded": (0.2, 0.05),
        "traded_too": (0.11, 0.09),
        "both": (0.09, 0.09),
        "neither": (0.2, 0.2),
        "the_other_way": (0.05, 0.2),
        "unmoved": (0.1, 0.1),
        "less_variance_alone": (0.1, 0.05),
    }
    summary = make_summary(
        {
            "here": {
                variant: {"squared_error_bias": bias, "squared_error_variance": variance}
                for variant, (bias, variance) in moves.items()
            }
        }
    )
    assert findings.tradeoff("here", summary) == (
        "Of 7, 2 lowered the variance at the price of bias, and 1 lowered both "
        "(point estimates, squared error)."
    )


def test_a_ranking_goes_from_the_lowest_error_up(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    summary, differences = make_summary({"here": SUMMARY}), make_differences({"here": DIFFERENCES})
    table = findings.ranking("here", summary, differences)
    assert table.variant.tolist() == ["`drop`", "`ridge`", "`baseline`", "`norm`", "`stop`"]
    assert table.verdict.tolist() == ["better", "better", "", "worse", "worse"]
    assert table.columns.tolist() == [
        "variant",
        "test error, %",
        "against baseline, points",
        "verdict",
        "test cross-entropy",
        "gap, nats",
        "bias²",
        "variance",
    ]
    assert table.iloc[2].tolist() == [
        "`baseline`",
        "9.92 [9.82, 10.12]",
        "",
        "",
        "1.000 [0.900, 1.200]",
        "0.419 [0.319, 0.619]",
        "1.0000 [0.9000, 1.2000]",
        "1.0000 [0.9000, 1.2000]",
    ]
    assert table.iloc[4]["against baseline, points"] == "+0.98 [+0.93, +1.08]"


def test_ties_of_a_ranking_keep_the_order_of_the_table(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    names = ["baseline", *(f"v{number}" for number in range(20))]
    summary = make_summary({"here": {name: {} for name in names}})
    differences = make_differences({"here": {name: {} for name in names[1:]}})
    ranked = findings.ranking("here", summary, differences).variant.tolist()
    assert ranked == [f"`{name}`" for name in names]


CHANGE = st.fixed_dictionaries(
    {
        "test_error": st.floats(-50, 50),
        "cross_entropy_gap": st.floats(-5, 5),
        "p": st.one_of(st.floats(0, 0.05), st.floats(0, 1)),
        "p_gap": st.floats(0, 1),
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CHANGE, min_size=1, max_size=5))
def test_counts_add_up_and_no_number_is_missing(headline: Headline, rows: list[dict[str, float]]) -> None:
    differences = {f"v{number}": row for number, row in enumerate(rows)}
    sentence = headline({"baseline": {}, **{variant: {} for variant in differences}}, differences)
    assert "nan" not in sentence.lower()
    better = {
        v: row["test_error"] for v, row in differences.items() if row["p"] <= 0.05 and row["test_error"] < 0
    }
    if len(rows) == 1:
        assert ("lowered the error" in sentence) == bool(better)
        return
    assert f"{len(better) or 'None'} of {len(rows)} variants lowered" in sentence
    found = re.search(r"most of all `(\w+)`", sentence)
    assert (found is not None) == bool(better)
    assert found is None or better[found[1]] == min(better.values())


def test_conditions(raw_params: dict[str, Any]) -> None:
    raw_params["settings"]["small"] |= {"label_noise": 0.2, "train_size": 1200}
    raw_params["settings"]["blind"] |= {"hidden": [128], "epochs": 5}
    study = params.check(raw_params)
    assert findings.conditions("small", study.settings["small"]) == (
        "`small`: 1,200 images, 20% of them with a wrong label, hidden layers 16-8, 3 epochs, "
        "3 disjoint training sets x 2 initialisations"
    )
    assert findings.conditions("blind", study.settings["blind"]) == (
        "`blind`: 50 images, hidden layers 128, 5 epochs, one training set x 3 initialisations"
    )
