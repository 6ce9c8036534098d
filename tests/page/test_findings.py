"""Sentences and tables from hand-made tables: the numbers are those of the table."""

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.evaluation import significance
from pipeline.page import beneath, findings, rankings
from pipeline.params import Params, Setting
from tests.page import examples
from tests.page.examples import DIFFERENCES, SUMMARY, changed, facts

MakeTable = Callable[[Mapping[str, Any]], pd.DataFrame]
Told = Callable[..., str]


@pytest.fixture
def checked(raw_params: dict[str, Any]) -> Params:
    """Parameters of two settings, of which the second has wrong labels."""
    raw_params["settings"]["blind"] |= {"label_noise": 0.2, "train_size": 60000}
    return examples.checked(raw_params)


@pytest.fixture
def places(checked: Params) -> dict[str, Setting]:
    """These settings, as the tables name them."""
    return {"here": checked.settings["small"], "there": checked.settings["blind"]}


ONE = {
    "dropout": {"rate": 0.5},
    "l2": {"strength": 0.001},
    "max_norm": {"limit": 2.0},
    "early_stopping": {"patience": 2},
}
PARTS = {"drop": ("dropout",), "ridge": ("l2",), "norm": ("max_norm",), "stop": ("early_stopping",)}


def study(places: Mapping[str, Setting], raw_params: dict[str, Any], **parts: tuple[str, ...]) -> Params:
    """A study of these settings, with the variants of the tables: a regularizer each, but for `parts`."""
    raw = copy.deepcopy(raw_params)
    raw["variants"] |= {name: {part: ONE[part] for part in names} for name, names in (PARTS | parts).items()}
    return examples.checked(raw).model_copy(update={"settings": dict(places)})


@pytest.fixture
def told(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_summary: MakeTable,
    make_differences: MakeTable,
) -> Told:
    """The paragraph on the settings `here` and, if given, `there`."""

    def make(
        here: Mapping[str, Any], there: Mapping[str, Any] | None = None, **parts: tuple[str, ...]
    ) -> str:
        given = {"here": here} | ({"there": there} if there else {})
        summary = make_summary(dict.fromkeys(given, SUMMARY))
        told_of = study({name: places[name] for name in given}, raw_params, **parts)
        return findings.paragraph(told_of, summary, make_differences(given))

    return make


def test_what_a_paragraph_says(told: Told) -> None:
    """Limits lie 0.05 below and 0.1 above the change, so a fall by 1.275 has 1.175 to 1.325."""
    assert facts(told(DIFFERENCES)) == (
        "`drop` `ridge` 4 2 lower `here` 50 `mnist` `here` `drop` 1.27 1.17 1.32 9.92 8.64 "
        "`here` `norm` `stop` raise `stop` 0.98 0.93 1.08"
    )


def test_more_than_a_few_that_fail_are_counted(told: Told) -> None:
    harmful = {"ridge": {"test_error": 0.5}, "drop": {"test_error": 0.3}}
    assert (
        "In `here`, 4 of 4 variants raise the error beyond chance, `stop` most, by 0.98 [0.93, 1.08]"
        in told(changed(DIFFERENCES, **harmful))
    )


def test_where_some_settings_alone_are_tuned_that_is_said(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_summary: MakeTable,
    make_differences: MakeTable,
) -> None:
    both = {"here": DIFFERENCES, "there": DIFFERENCES}
    differences = make_differences(both)
    tuned = differences[differences.setting == "here"].assign(reference="tuned_baseline")
    rows = pd.concat([differences, tuned], ignore_index=True)
    summary = make_summary({"here": SUMMARY | {"tuned_baseline": SUMMARY["baseline"]}, "there": SUMMARY})
    told = findings.paragraph(study(places, raw_params), summary, rows)
    assert (
        "Each is compared with a baseline whose epochs and learning rate are tuned with as many trials "
        "(in `there`, with the untuned baseline). In `here`, `drop` gains most: 1.27 [1.17, 1.32] points"
    ) in told


def test_what_lies_beneath_without_a_tuned_baseline(
    raw_params: dict[str, Any], places: dict[str, Setting], make_differences: MakeTable
) -> None:
    here = study({"here": places["here"]}, raw_params)
    (parts,) = beneath.sentences(here, make_differences({"here": DIFFERENCES}))
    assert facts(parts) == "`here` none 4 lower raise none lowers"


def test_where_none_is_best_everywhere_those_of_single_settings_are_counted(told: Told) -> None:
    there = changed(DIFFERENCES, drop={"p": 0.9}, ridge={"test_error": 0.2})
    assert told(DIFFERENCES, there).startswith(
        "**None of 4 variants lowers the test error beyond chance in both `here` (50 images of `mnist`) and "
        "`there` (60,000 images of `mnist`, 20% of the labels wrong).** Each is compared with the baseline. "
        "In each setting alone, the error is lower for 2 of 4 in `here` and none of 4 in `there`. "
        "In `here`, `drop` "
    )


def test_what_the_chosen_share_is_said(told: Told) -> None:
    shared = changed(DIFFERENCES, norm={"test_error": -0.7})
    text = told(shared, drop=("dropout",), norm=("dropout", "max_norm"))
    assert "baseline. 2 of these 3 use `dropout`, alone or with another regularizer. In `here`" in text


def test_one_is_chosen_that_is_better_in_every_setting_with_several(told: Told) -> None:
    there = changed(DIFFERENCES, drop={"p": 0.051}, norm={"p": 0.2})
    text = told(DIFFERENCES, there)
    assert text.startswith(
        "**Choose `ridge`.** Of 4 variants, this one alone lowers the test error beyond chance in both "
        "`here` (50 images of `mnist`) and `there` (60,000 images of `mnist`, 20% of the labels wrong). "
        "Each is compared with "
    )
    assert "In `here`, `drop` gains most: 1.27 [1.17, 1.32] points, from 9.92 to 8.64 %. In `there`, " in text
    assert "`stop` most, by 0.98 [0.93, 1.08] points. In `there`, `stop` raises the error beyond " in text


def test_the_tuned_baseline_is_the_rival_of_the_error_and_the_plain_one_of_the_rest(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_summary: MakeTable,
    make_differences: MakeTable,
) -> None:
    tuned = {"test_error": 9.0, "cross_entropy_gap": 0.05}
    moved = {"squared_error_bias": 0.1, "squared_error_variance": -0.1, "p_bias": 0.01, "p_variance": 0.01}
    plain = {"drop": DIFFERENCES["drop"] | moved, "ridge": DIFFERENCES["ridge"]}
    plain |= {"tuned_baseline": moved | {"p_gap": 0.001, "cross_entropy_gap": -0.3, "test_error": -0.916}}
    to_tuned = {
        "drop": {"test_error": -0.359, "p": 0.001, "p_gap": 0.9},
        "ridge": {"test_error": 0.1, "p": 0.9},
    }
    to_tuned["drop"] |= {
        "squared_error_bias": -0.1,
        "p_bias": 0.01,
        "squared_error_variance": -0.1,
        "p_variance": 0.06,
    }
    summary = make_summary({"here": SUMMARY | {"tuned_baseline": tuned}})
    differences = pd.concat(
        [
            make_differences({"here": plain}),
            make_differences({"here": to_tuned}).assign(reference="tuned_baseline"),
        ],
        ignore_index=True,
    )
    here = study({"here": places["here"]}, raw_params)
    text = findings.paragraph(here, summary, differences)
    rival, parts = beneath.sentences(here, differences)
    assert "Of 2 variants, this one alone lowers" in text
    assert "a baseline whose epochs and learning rate are tuned with as many trials." in text
    assert "In `here`, `drop` gains most: 0.36 [0.26, 0.41] points, from 9.00 to 8.64 %." in text
    assert rival == (
        "The baseline is tuned by cross-entropy. This changes its test error by -0.92 [-0.97, -0.82] points "
        "in `here`. Against the untuned baseline, the chosen variant lowers the test error too."
    )
    assert parts == (
        "Bias and variance add up to the squared error. Against the untuned baseline: in `here`, 1 of 2 "
        "variants lower the variance and raise the bias, and none lowers both. Against the tuned baseline, "
        "for the chosen variant: in `here`, the bias is lower and the variance does not change. "
        "Only changes beyond chance are counted."
    )
    assert "No variant raises the error beyond chance." in text
    harmful = differences.assign(
        estimate=differences.estimate.where(
            (differences.variant != "ridge") | (differences.metric != "test_error"), 0.4
        ),
        p_holm=differences.p_holm.where(
            (differences.variant != "ridge") | (differences.reference == "baseline"), 0.01
        ),
    )
    failing = findings.paragraph(here, summary, harmful)
    assert "`ridge` raises the error beyond chance (against the untuned baseline too), by 0.40" in failing
    marks = rankings.overview(["here"], summary, differences).set_index("variant")["`here`"]
    assert marks["`drop`"].endswith("▼")
    assert marks["`ridge`"].endswith("≈°")
    easier = differences.assign(
        p_holm=differences.p_holm.where(
            (differences.reference == "tuned_baseline") | (differences.metric != "test_error"), 0.051
        )
    )
    rival, _ = beneath.sentences(here, easier)
    assert rival.endswith("Against the untuned baseline, the chosen variant does not lower the test error.")
    both = rankings.overview(["here"], summary, differences)["`here`"].tolist()[:2]
    assert both == ["9.00 [8.90, 9.20]", "9.92 [9.82, 10.12]"]
    ranked = rankings.ranking("here", summary, differences).set_index("variant")
    assert ranked["against tuned baseline, points"]["`drop`"] == "-0.36 [-0.41, -0.26]"


def test_nothing_better_is_said(told: Told) -> None:
    worse = changed(DIFFERENCES, drop={"p": 0.3}, ridge={"test_error": 0.2})
    text = told(worse)
    assert text.startswith(
        "**None of 4 variants lowers the test error beyond chance in `here` (50 images of `mnist`).** Each is"
    )
    assert "gains most" not in text


@pytest.mark.parametrize(
    ("estimate", "p", "words"),
    [
        (-0.316, 0.05, "-0.32 [-0.37, -0.22] points, a gain beyond chance."),
        (0.316, 0.01, "+0.32 [+0.27, +0.42] points, a loss beyond chance."),
        (-0.083, 0.051, "-0.08 [-0.13, +0.02] points, which cannot be told from chance."),
    ],
)
def test_a_setting_with_one_variant(told: Told, estimate: float, p: float, words: str) -> None:
    text = told({"drop": {"test_error": estimate, "p": p}})
    assert text.startswith(
        f"In `here` (50 images of `mnist`), `drop` changes the error of the baseline by {words}"
    )


def test_a_trade_counts_where_both_changes_are_beyond_chance(make_differences: MakeTable) -> None:
    sure = {"p_bias": 0.05, "p_variance": 0.05}
    moves = {
        "traded": {"squared_error_bias": 0.2, "squared_error_variance": -0.05, **sure},
        "traded_too": {"squared_error_bias": 0.01, "squared_error_variance": -0.01, **sure},
        "bias_by_chance": {"squared_error_bias": 0.2, "squared_error_variance": -0.05, "p_variance": 0.01},
        "variance_by_chance": {"squared_error_bias": 0.2, "squared_error_variance": -0.05, "p_bias": 0.01},
        "both": {"squared_error_bias": -0.1, "squared_error_variance": -0.1, **sure},
        "both_by_chance": {
            "squared_error_bias": -0.1,
            "squared_error_variance": -0.1,
            **sure,
            "p_bias": 0.06,
        },
        "neither": {"squared_error_bias": 0.2, "squared_error_variance": 0.2, **sure},
        "the_other_way": {"squared_error_bias": -0.2, "squared_error_variance": 0.2, **sure},
        "tuned_baseline": {"squared_error_bias": 0.2, "squared_error_variance": -0.05, **sure},
    }
    assert significance.moved(make_differences({"here": moves}), "here") == (2, 1, 8)


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
    assert significance.verdict(estimate, p_holm) == word


CHANGE = st.fixed_dictionaries(
    {
        "test_error": st.floats(-50, 50),
        "cross_entropy_gap": st.floats(-5, 5),
        "p": st.one_of(st.floats(0, 0.05), st.floats(0, 1)),
        "p_gap": st.floats(0, 1),
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CHANGE, min_size=2, max_size=4))
def test_the_chosen_are_those_that_are_better(told: Told, rows: list[dict[str, float]]) -> None:
    names = ["drop", "ridge", "norm", "stop"][: len(rows)]
    text = told(dict(zip(names, rows, strict=True)))
    assert "nan" not in text.lower()
    better = {n for n, r in zip(names, rows, strict=True) if r["p"] <= 0.05 and r["test_error"] < 0}
    choice = re.match(r"\*\*Choose (.+?)\*\*", text)
    assert set(re.findall(r"`(\w+)`", choice[1] if choice else "")) == better


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (DIFFERENCES, "drop and ridge lower the test error beyond chance in here and there."),
        (
            changed(DIFFERENCES, drop={"p": 0.3}),
            "ridge lowers the test error beyond chance in here and there.",
        ),
        (
            changed(DIFFERENCES, drop={"p": 0.3}, ridge={"test_error": 0.2}),
            "No variant lowers the test error beyond chance in here and there.",
        ),
        ({"drop": DIFFERENCES["drop"]}, "No setting compares several variants."),
    ],
    ids=["two", "one", "none", "nothing compared"],
)
def test_the_headline(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_differences: MakeTable,
    rows: Mapping[str, Any],
    said: str,
) -> None:
    differences = make_differences({"here": rows, "there": rows})
    assert findings.headline(study(places, raw_params), differences) == said
