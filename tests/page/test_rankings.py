"""The tables of the page from hand-made tables: order, marks and numbers."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from pipeline.page import rankings
from tests.page.examples import DIFFERENCES, SUMMARY, changed

MakeTable = Callable[[Mapping[str, Any]], pd.DataFrame]


def test_all_settings_at_a_glance(make_summary: MakeTable, make_differences: MakeTable) -> None:
    there = changed(DIFFERENCES, drop={"test_error": 3.0}, ridge={"p": 0.06})
    alone = {"drop": {"test_error": -0.5, "p": 0.9}}
    summary = make_summary(dict.fromkeys(("one", "here", "there"), SUMMARY))
    differences = make_differences({"one": alone, "here": DIFFERENCES, "there": there})
    table = rankings.overview(["one", "here", "there"], summary, differences)
    assert table.columns.tolist() == ["variant", "`here`", "`there`", "`one`"]
    # mean changes: ridge -0.816, norm 0.584, drop 0.8625, stop 0.984
    assert table.variant.tolist() == [
        "*the better baseline's error, %*",
        "`ridge`",
        "`norm`",
        "`drop`",
        "`stop`",
    ]
    assert table["`here`"].tolist() == [
        "9.92 [9.82, 10.12]",
        "▼ -0.82 [-0.87, -0.72]",
        "▲ +0.58 [+0.53, +0.68]",
        "▼ -1.27 [-1.32, -1.17]",
        "▲ +0.98 [+0.93, +1.08]",
    ]
    assert table["`there`"][1] == "≈ -0.82 [-0.87, -0.72]"
    assert table["`one`"].tolist()[1:] == ["", "", "≈ -0.50 [-0.55, -0.40]", ""]


def test_a_variant_that_a_single_setting_has_alone_comes_last(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    summary = make_summary({"one": SUMMARY | {"lone": {}}, "here": SUMMARY})
    differences = make_differences({"one": {"lone": {"test_error": -9.0, "p": 0.001}}, "here": DIFFERENCES})
    table = rankings.overview(["one", "here"], summary, differences)
    assert table.variant.tolist()[-1] == "`lone`"
    assert table["`one`"].tolist()[-1] == "▼ -9.00 [-9.05, -8.90]"


def test_the_key_is_that_of_the_network_that_is_logged() -> None:
    rows = [("held", 0, 0, "a", 0.5), ("held", 0, 1, "b", 0.3), ("held", 1, 0, "c", 0.4)]
    rows += [("blind", 0, 0, "d", math.nan), ("blind", 0, 1, "e", math.nan)]
    runs = pd.DataFrame(rows, columns=["setting", "split", "init", "run_key", "validation_cross_entropy"])
    table = rankings.keys(runs.assign(variant="drop"))
    assert table["filter"].tolist() == ["`tags.run_key = 'b'`", "`tags.run_key = 'd'`"]
    assert table["training set, initialisation"].tolist() == ["0, 1", "0, 0"]


def test_what_was_chosen_is_a_column_a_setting_and_an_end_is_marked() -> None:
    columns = ("setting", "variant", "candidate", "values", "chosen")
    rows = [("a", "drop", n, f"rate={n}", n == 1) for n in range(3)]
    rows += [("b", "drop", n, f"rate={n}", n == 2) for n in range(3)]
    rows += [("a", "ridge", n, f"strength={n}", n == 0) for n in range(3)]
    table = rankings.choices(pd.DataFrame(rows, columns=columns))
    assert table.to_dict("records") == [
        {"variant": "`drop`", "`a`": "rate=1", "`b`": "rate=2 (at the end)"},
        {"variant": "`ridge`", "`a`": "strength=0 (at the end)", "`b`": ""},
    ]


def test_what_has_nothing_to_tune_is_named_where_others_are_tuned() -> None:
    tuning = pd.DataFrame({"setting": ["a", "a"], "variant": ["drop", "tuned_baseline"]})
    names = ["baseline", "tuned_baseline", "drop", "norm"]
    summary = pd.DataFrame({"setting": ["a"] * 4 + ["blind"], "variant": [*names, "ridge"]})
    assert rankings.untuned(tuning, summary) == "`norm`"
    assert rankings.untuned(tuning, summary[summary.variant != "norm"]) == ""


def test_a_ranking_goes_from_the_lowest_error_up(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    summary, differences = make_summary({"here": SUMMARY}), make_differences({"here": DIFFERENCES})
    table = rankings.ranking("here", summary, differences)
    assert table.variant.tolist() == ["`drop`", "`ridge`", "`baseline`", "`norm`", "`stop`"]
    assert table.verdict.tolist() == ["better", "better", "", "worse", "worse"]
    assert table.columns.tolist() == [
        "variant",
        "test error, %",
        "against baseline, points",
        "verdict",
        "test cross-entropy, nats",
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
    ranked = rankings.ranking("here", summary, differences).variant.tolist()
    assert ranked == [f"`{name}`" for name in names]
