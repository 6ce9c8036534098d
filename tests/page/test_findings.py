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
from pipeline.page import findings, rankings
from pipeline.params import Params, Setting
from tests.page import examples
from tests.page.examples import DIFFERENCES, SUMMARY, changed

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
    make_differences: MakeTable,
) -> Told:
    """The sentences on the settings `here` and, if given, `there`."""

    def make(
        here: Mapping[str, Any], there: Mapping[str, Any] | None = None, **parts: tuple[str, ...]
    ) -> str:
        given = {"here": here} | ({"there": there} if there else {})
        told_of = study({name: places[name] for name in given}, raw_params, **parts)
        return "\n".join(findings.sentences(told_of, make_differences(given)))

    return make


def test_one_setting_tells_what_to_try_first_what_does_harm_and_on_what_that_rests(told: Told) -> None:
    """Limits lie 0.05 below and 0.1 above the change, so a fall by 1.275 has 1.175 to 1.325."""
    assert told(DIFFERENCES).splitlines() == [
        "No trade of variance for bias can be told from chance here: in none of 4 comparisons of a method in "
        "a setting.",
        "**Try `drop` first.** It lowers the test error beyond chance in `here`, by 1.27 [1.17, 1.32] points "
        "against the baseline.",
        "Some do worse than the baseline, beyond chance: `norm` in 1 of 1 settings and `stop` in 1 of 1 "
        "settings.",
        "This rests on 3 paired replicates a setting, with 50 training images of `mnist` and 2 hidden "
        "layers.",
    ]


def test_the_first_is_better_in_the_most_settings_and_others_may_gain_more(told: Told) -> None:
    there = changed(DIFFERENCES, drop={"p": 0.051}, ridge={"test_error": -0.3}, norm={"test_error": -2.0})
    text = told(DIFFERENCES, there)
    assert (
        "**Try `ridge` first.** It lowers the test error beyond chance in both settings, by "
        "0.30 to 0.82 points against the baseline.\n"
        "The largest gain of a setting is another's: `drop` in `here`, `norm` in `there`.\n"
    ) in text
    assert "with 50 to 60,000 training images of `mnist` and 2 hidden layers." in text


def test_those_that_do_harm_most_often_are_named_and_the_others_counted(told: Told) -> None:
    harmful = {"test_error": 1.0, "p": 0.01}
    here = dict.fromkeys(DIFFERENCES, harmful)
    text = told(here, here | {"drop": {"p": 0.9}, "ridge": {"p": 0.9}})
    assert (
        "Some do worse than the baseline, beyond chance: `norm` in 2 of 2 settings, `stop` in 2 of 2 "
        "settings, `ridge` in 1 of 2 settings and `drop` in 1 of 2 settings."
    ) in text


def test_where_it_does_nothing_or_harm_is_said(told: Told) -> None:
    alone = {"ridge": {"test_error": 0.1, "p": 0.9}, "stop": {"test_error": 0.1, "p": 0.9}}
    unsure = told(DIFFERENCES, DIFFERENCES | alone | {"drop": {"test_error": -0.2, "p": 0.051}})
    assert "beyond chance in 1 of 2 settings (`here`), by 1.27 [1.17, 1.32] points" in unsure
    assert " In `there`, it cannot be told from that baseline.\n" in unsure
    harmful = told(DIFFERENCES, DIFFERENCES | alone | {"drop": {"test_error": 0.2, "p": 0.05}})
    assert " In `there`, it raises the error beyond chance.\n" in harmful


def test_a_setting_without_the_variant_is_not_counted(told: Told) -> None:
    there = {name: row for name, row in DIFFERENCES.items() if name in ("norm", "stop")}
    assert "beyond chance in `here`, by 1.27 [" in told(DIFFERENCES, there)


def test_of_those_that_help_as_often_the_largest_mean_fall_is_first(told: Told) -> None:
    """`ridge` falls by .82 and 2, `drop` by 1.27 and .5."""
    there = changed(DIFFERENCES, ridge={"test_error": -2.0}, drop={"test_error": -0.5})
    assert told(DIFFERENCES, there).count("**Try `ridge` first.**") == 1


def test_nothing_better_is_said(told: Told) -> None:
    worse = changed(DIFFERENCES, drop={"p": 0.3}, ridge={"test_error": 0.2})
    sentence = "**No method lowers the test error beyond chance** against the baseline, in"
    assert f"{sentence} `here`.\n" in told(worse)
    assert f"{sentence} both settings.\n" in told(worse, worse)
    assert "gains more" not in told(worse)


def test_data_and_depths_are_those_of_the_settings(
    raw_params: dict[str, Any], make_differences: MakeTable
) -> None:
    flat = {"dense": {"hidden": [16], "activation": "relu"}}
    raw_params["settings"]["blind"] |= {"data": "fashion_mnist", "network": flat, "train_size": 1000}
    checked = examples.checked(raw_params).settings
    given = {"here": DIFFERENCES, "there": DIFFERENCES}
    for names, scope in (
        (
            ("small", "blind"),
            "50 to 1,000 training images of `mnist` or `fashion_mnist` and 1 to 2 hidden layers",
        ),
        (("blind", "blind"), "1,000 training images of `fashion_mnist` and 1 hidden layer"),
    ):
        settings = {place: checked[name] for place, name in zip(given, names, strict=True)}
        *_, last = findings.sentences(study(settings, raw_params), make_differences(given))
        assert last.endswith(f", with {scope}.")


# ---- the better of two baselines ----


def tuned(make_differences: MakeTable, change: float, p: float = 0.01) -> pd.DataFrame:
    """Changes in `here`, where tuning changes the baseline's error by so much."""
    plain = DIFFERENCES | {"tuned_baseline": {"test_error": change, "p": p}}
    shifted = {name: row | {"test_error": row["test_error"] - change} for name, row in DIFFERENCES.items()}
    to_tuned = make_differences({"here": shifted}).assign(reference="tuned_baseline")
    return pd.concat([make_differences({"here": plain}), to_tuned], ignore_index=True)


@pytest.mark.parametrize(
    ("change", "gain"),
    [(-0.5, "0.77 [0.67, 0.82]"), (0.5, "1.27 [1.17, 1.32]")],
    ids=["tuning helps", "tuning harms"],
)
def test_the_rival_is_the_baseline_with_the_lower_error(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_differences: MakeTable,
    change: float,
    gain: str,
) -> None:
    here = study({"here": places["here"]}, raw_params)
    text = " ".join(findings.sentences(here, tuned(make_differences, change)))
    assert "Every method with a strength was tuned with as many candidates as the baseline." in text
    assert f"by {gain} points against the better of two baselines, tuned and not tuned." in text
    assert "tuned_baseline" not in text


def test_what_tuning_does_to_the_baseline_is_said(
    raw_params: dict[str, Any], places: dict[str, Setting], make_differences: MakeTable
) -> None:
    here = study({"here": places["here"]}, raw_params)
    both = study(places, raw_params)
    lowered, raised = (tuned(make_differences, change) for change in (-0.5, 0.5))
    said = "Tuning the baseline, by cross-entropy,"
    assert findings.tuned(here, lowered) == f"{said} makes its test error lower in `here` beyond chance."
    rows = pd.concat([lowered, raised.assign(setting="there")], ignore_index=True)
    assert findings.tuned(both, rows) == (
        f"{said} makes its test error lower in `here` and higher in `there` beyond chance."
    )
    unsure = findings.tuned(here, tuned(make_differences, 0.5, p=0.051))
    assert unsure == f"{said} changes its test error nowhere beyond chance."
    assert findings.tuned(here, make_differences({"here": DIFFERENCES})) == ""


@pytest.mark.parametrize(
    ("both", "said"),
    [
        ({}, "trades variance for bias: networks differ less from one training set to the next, and their "),
        (
            {"ridge": 1, "norm": 1},
            "a little worse. By squared error, that is so in 1 of 4 comparisons of a method in a setting. "
            "In 2, both fall. `drop` makes this trade in 1 of 1 settings.",
        ),
        ({"ridge": 0, "norm": 0, "stop": 0}, "Regularization mostly trades variance for bias: "),
    ],
    ids=["one", "some lower both", "most"],
)
def test_a_trade_of_variance_for_bias_is_said(told: Told, both: dict[str, int], said: str) -> None:
    moved = {"squared_error_bias": 0.1, "squared_error_variance": -0.1, "p_bias": 0.01, "p_variance": 0.01}
    changes = {name: moved | {"squared_error_bias": -0.1 if lower else 0.1} for name, lower in both.items()}
    assert said in told(changed(DIFFERENCES, drop=moved, **changes)).splitlines()[0]


def test_the_table_is_against_the_better_baseline(
    make_summary: MakeTable, make_differences: MakeTable
) -> None:
    summary = make_summary({"here": SUMMARY | {"tuned_baseline": {"test_error": 9.116}}})
    for change, error, fall in (
        (-0.805, "9.12 [9.02, 9.32] (tuned)", "▼ -0.47 [-0.52, -0.37]"),
        (0.805, "9.92 [9.82, 10.12]", "▼ -1.27 [-1.32, -1.17]"),
    ):
        overview = rankings.overview(["here"], summary, tuned(make_differences, change))
        column = overview.set_index("variant")["`here`"]
        assert (column.iloc[0], column["`drop`"]) == (error, fall)
        assert "`tuned_baseline`" not in column


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
    found = significance.moved(make_differences({"here": moves}), "here")
    assert found.sum().to_dict() == {"traded": 2, "both": 1, "more": 2}
    assert list(found.index[found.traded]) == ["traded", "traded_too"]
    assert len(found) == 8


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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CHANGE, min_size=2, max_size=4))
def test_the_first_is_the_one_that_gains_most(told: Told, rows: list[dict[str, float]]) -> None:
    names = ["drop", "ridge", "norm", "stop"][: len(rows)]
    text = told(dict(zip(names, rows, strict=True)))
    assert "nan" not in text.lower()
    better = {n for n, r in zip(names, rows, strict=True) if r["p"] <= 0.05 and r["test_error"] < 0}
    first = re.search(r"\*\*Try `(\w+)` first\.\*\*", text)
    assert bool(first) == bool(better)
    if first:
        changes = {name: row["test_error"] for name, row in zip(names, rows, strict=True)}
        assert first[1] in better
        assert changes[first[1]] == min(changes[name] for name in better)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (DIFFERENCES, "drop lowers the test error beyond chance in here and there."),
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


def test_variants_that_are_one_under_two_names_are_named(
    raw_params: dict[str, Any],
    places: dict[str, Setting],
    make_summary: MakeTable,
    make_differences: MakeTable,
) -> None:
    """Within a tenth of a point in each of two settings; in one setting it would be no evidence."""
    both = {"here": DIFFERENCES, "there": DIFFERENCES}
    near = {
        name: {
            "drop": {"test_error": 8.6},
            "ridge": {"test_error": 8.7},
            "norm": {"test_error": 9.5},
            "stop": {"test_error": 9.9},
        }
        for name in both
    }
    told_of, rows = study(places, raw_params), make_differences(both)
    assert findings.alike(told_of, make_summary(near), rows) == (
        "Hardly two methods are `ridge` and `drop`: "
        "they lie within 0.1 points of each other in every setting."
    )
    near["there"] |= {"ridge": {"test_error": 8.5001}, "drop": {"test_error": 8.7}}
    assert findings.alike(told_of, make_summary(near), rows) == (
        "No two methods lie within 0.1 points of each other in every setting."
    )
    here = study({"here": places["here"]}, raw_params)
    alone = make_summary({"here": near["here"]}), make_differences({"here": DIFFERENCES})
    assert findings.alike(here, *alone) == ""
