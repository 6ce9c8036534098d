"""Claims 9a to 9c and 9x: a rank reversal by hand, and that the planned training sets can show one."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.questions.choice.claims import CLAIMS
from pipeline.questions.choice.reversals import AXES, along, lines_of
from pipeline.science.verdicts import Evidence, Outcome, Verdict
from tests.questions.choosing import drawn, runs

BY_NUMBER = {claim.number: claim for claim in CLAIMS}
UP = {"l2": [12.0, 12.4, 11.9, 12.3], "dropout": [10.0, 10.1, 10.3, 9.9]}
DOWN = {"l2": [5.0, 5.2, 5.1, 4.9], "dropout": [5.6, 5.9, 5.5, 5.8]}
SHIFT = {"low": 2.0, "high": 1.0}


def one(evidence: Sequence[Evidence]) -> Evidence:
    (piece,) = evidence
    return piece


def two_sided(errors: dict[str, list[float]], first: str, second: str) -> float:
    return float(stats.ttest_rel(errors[first], errors[second]).pvalue)


def test_the_claims_are_the_sentences_of_the_answer() -> None:
    assert [*BY_NUMBER] == ["9a", "9b", "9c", "9d", "9f", "9g", "9h", "9x"]
    assert [number for number, claim in BY_NUMBER.items() if claim.ours] == ["9x"]
    assert [number for number, claim in BY_NUMBER.items() if claim.existential] == ["9b"]


def test_a_reversal_between_two_places_is_as_sure_as_the_less_sure_of_its_two_differences() -> None:
    table = runs(("few", {"train_size": 100}, UP), ("many", {}, DOWN))
    piece = one(along(table, "data size"))
    expected = max(two_sided(UP, "l2", "dropout"), two_sided(DOWN, "l2", "dropout"))
    assert piece.p_value == pytest.approx(expected)
    assert piece.endpoint == "l2 and dropout change places between few and many"
    assert piece.estimate == pytest.approx(0.65)  # the smaller difference: .6, .7, .4 and .9 on average
    assert (piece.n, piece.unit, piece.outcome) == (4, "points", Outcome.HOLDS)


def test_of_three_places_the_one_sided_p_values_count_three_times() -> None:
    table = runs(
        ("few", {"train_size": 100}, UP),
        ("same", {"train_size": 300}, {"l2": [7.0, 7.1, 6.9, 7.0], "dropout": [7.1, 6.9, 7.0, 7.1]}),
        ("many", {}, DOWN),
    )
    larger = max(two_sided(UP, "l2", "dropout"), two_sided(DOWN, "l2", "dropout"))
    assert one(along(table, "data size")).p_value == pytest.approx(3 * larger / 2)


def test_the_pairs_of_an_axis_are_a_family_of_their_own() -> None:
    third = [9.0, 9.5, 8.7, 9.9]
    few, many = UP | {"stop": third}, DOWN | {"stop": third}
    conditions = [("few", {"train_size": 100}, few), ("many", {}, many)]
    p_values = [
        max(two_sided(few, *pair), two_sided(many, *pair))
        if np.sign(np.mean(np.subtract(few[pair[0]], few[pair[1]])))
        != np.sign(np.mean(np.subtract(many[pair[0]], many[pair[1]])))
        else 1.0
        for pair in itertools.combinations(few, 2)
    ]
    expected = multipletests(p_values, method="holm")[1].min()
    assert one(along(runs(*conditions), "data size")).p_value == pytest.approx(expected)
    # conditions on other axes, with many methods, take nothing from it
    methods = {f"m{number}": third for number in range(9)}
    elsewhere = [(f"noise {share}", {"label_noise": share}, methods) for share in (0.1, 0.2)]
    assert one(along(runs(*conditions, *elsewhere), "data size")).p_value == pytest.approx(expected)


def test_two_conditions_that_differ_in_more_than_the_axis_show_nothing() -> None:
    table = runs(("few", {"train_size": 100}, UP), ("noisy", {"label_noise": 0.2}, DOWN))
    assert [piece for axis in AXES for piece in along(table, axis)] == []
    assert BY_NUMBER["9a"].verdict([]) is Verdict.INCONCLUSIVE


def test_with_the_data_size_epochs_and_batches_may_go_and_with_the_network_its_size() -> None:
    few = {"train_size": 100, "epochs": 80, "batch_size": 25}
    conv = {"network": "conv", "depth": 3, "width": 64}
    table = runs(("few", few, UP), ("start", {}, DOWN), ("conv", conv, UP), ("short", {"epochs": 3}, UP))
    places = {axis: [[p.name for p in line] for line in lines_of(table, axis)] for axis in AXES}
    assert places.pop("data size") == [["few", "start", "short"]]
    assert places.pop("kind of network") == [["start", "conv"]]
    assert not any(places.values())


def test_a_method_takes_part_between_two_places_that_have_it() -> None:
    """`other` is in one of the conditions alone, and the tuned baseline is no method."""
    tuned = {"tuned_baseline": [0.0, 0.1, 0.2, 0.3]}
    few, many = UP | {"other": [1.0, 2.0, 3.0, 4.0]} | tuned, DOWN | tuned
    piece = one(along(runs(("few", {"train_size": 100}, few), ("many", {}, many)), "data size"))
    assert piece.endpoint.startswith("l2 and dropout change places")
    assert piece.p_value == pytest.approx(
        max(two_sided(UP, "l2", "dropout"), two_sided(DOWN, "l2", "dropout"))
    )


def test_where_one_method_is_the_best_throughout_the_choice_does_not_depend() -> None:
    """Though two others change places behind it."""
    ahead = {"best": [1.0, 1.1, 0.9, 1.2]}
    piece = one(
        along(runs(("few", {"train_size": 100}, UP | ahead), ("many", {}, DOWN | ahead)), "data size")
    )
    assert (piece.endpoint, piece.outcome) == ("one method is the best throughout", Outcome.ABSENT)
    expected = max(two_sided(errors | ahead, other, "best") for errors in (UP, DOWN) for other in UP)
    assert piece.p_equivalence == pytest.approx(expected)
    # ahead at one of two places is not throughout
    behind = {"best": [20.0, 20.1, 20.2, 19.9]}
    piece = one(
        along(runs(("few", {"train_size": 100}, UP | ahead), ("many", {}, DOWN | behind)), "data size")
    )
    assert piece.outcome is Outcome.HOLDS


def test_one_axis_of_the_network_is_enough_and_of_the_data_all_are_wanted() -> None:
    table = runs(
        ("start", {}, DOWN),
        ("wide", {"width": 99}, UP),
        ("deep", {"depth": 4}, DOWN),
        ("few", {"train_size": 100}, UP),
        (
            "fashion",
            {"data": "fashion_mnist"},
            {m: [v + s for v in DOWN[m]] for m, s in (("l2", 1), ("dropout", 0.5))},
        ),
    )
    judged = {number: BY_NUMBER[number].judged_by({"runs": table}) for number in ("9a", "9b")}
    assert [(p.condition, p.outcome) for p in judged["9b"]] == [
        ("width", Outcome.HOLDS),
        ("depth", Outcome.ABSENT),
    ]
    assert BY_NUMBER["9b"].verdict(judged["9b"]) is Verdict.SUPPORTED
    assert [(p.condition, p.outcome) for p in judged["9a"]] == [
        ("data size", Outcome.HOLDS),
        ("data set", Outcome.UNKNOWN),
    ]
    assert BY_NUMBER["9a"].verdict(judged["9a"]) is Verdict.INCONCLUSIVE
    said = BY_NUMBER["9a"].finding({}, judged["9a"])
    assert said == "Along data size, l2 and dropout change places between few and start."


# ---- the planned training sets are enough ----

METHODS = ("baseline", "l2", "dropout", "early_stopping", "batch_norm")
PLANNED = {"narrow": ({"width": 4}, 6), "start": ({}, 16), "wide": ({"width": 32}, 6)}


def along_width(rng: np.random.Generator, effect: float, sets: int | None = None) -> pd.DataFrame:
    """Batch normalization is worse than all by `effect` in the narrow network, and better in the wide."""
    still = dict.fromkeys(METHODS, 0.0)
    signs = {"narrow": 1, "start": 0, "wide": -1}
    return runs(
        *(
            (name, changes, drawn(rng, still | {"batch_norm": effect * signs[name]}, sets or n))
            for name, (changes, n) in PLANNED.items()
        )
    )


def test_a_reversal_of_a_point_and_a_half_is_seen_in_eight_of_ten_studies() -> None:
    """Among five methods at three widths, with the planned training sets and a realistic spread."""
    rng = np.random.default_rng(0)
    seen = [one(along(along_width(rng, 1.5), "width")).outcome is Outcome.HOLDS for _ in range(60)]
    assert np.mean(seen) >= 0.8


def test_three_training_sets_and_one_family_of_all_pairs_and_conditions_do_not_see_it() -> None:
    """The rule of before: Holm over every pair under every condition, ten of them."""
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(20):
        table = along_width(rng, 1.5, sets=3)
        p_values = []
        for _, members in table.groupby("condition", sort=False):
            wide = members.pivot(index="split", columns="method", values="test_error")
            p_values += [
                stats.ttest_rel(wide[a], wide[b]).pvalue for a, b in itertools.combinations(METHODS, 2)
            ]
        adjusted = multipletests([*p_values, *[1.0] * 70], method="holm")[1]
        seen.append(adjusted[:10].min() <= 0.05 and adjusted[20:30].min() <= 0.05)
    assert np.mean(seen) <= 0.2


def test_equal_methods_change_places_beyond_chance_in_few_studies() -> None:
    rng = np.random.default_rng(1)
    seen = [one(along(along_width(rng, 0.0), "width")).outcome is Outcome.HOLDS for _ in range(60)]
    assert np.mean(seen) <= 0.05


# ---- resources ----


def budgets(late: float) -> pd.DataFrame:
    """`slow` is behind by a point at a quarter of the epochs, and ahead by `late` at all of them."""
    rng = np.random.default_rng(2)
    rows = [
        {"condition": condition, "method": method, "split": split, "init": 0, "share": share}
        | {"validation_error": error}
        for condition in ("small", "noisy")
        for share, ahead in ((0.25, -1.0), (0.5, 0.0), (1.0, late))
        for method, values in drawn(rng, {"quick": 0.0, "slow": -ahead}, 12).items()
        for split, error in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_what_is_ahead_changes_with_the_epochs() -> None:
    claim = BY_NUMBER["9c"]
    tables = {"budgets": budgets(1.0)}
    evidence = claim.judged_by(tables)
    assert [piece.condition for piece in evidence] == ["small", "noisy"]
    assert {piece.endpoint for piece in evidence} == {
        "quick and slow change places between 100% of the epochs and 25% of the epochs"
    }
    assert claim.verdict(evidence) is Verdict.SUPPORTED
    assert claim.finding(tables, evidence) == (
        "In small quick is ahead first and slow at the end; "
        "in noisy quick is ahead first and slow at the end."
    )


def test_where_the_order_stays_the_resources_do_not_matter() -> None:
    claim = BY_NUMBER["9c"]
    table = budgets(1.0)
    shift = (table.method == "slow") * 5.0
    tables = {"budgets": table.assign(validation_error=table.validation_error + shift)}
    evidence = claim.judged_by(tables)
    assert claim.verdict(evidence) is Verdict.REFUTED
    assert claim.finding(tables, evidence).startswith("In small quick is ahead from first to last; ")


def test_without_runs_nothing_is_judged() -> None:
    empty = {"runs": runs(("start", {}, UP)).iloc[:0], "budgets": budgets(1.0).iloc[:0]}
    empty["regret"] = pd.DataFrame(columns=["criterion", "condition", "method", "conditions", "estimate"])
    for claim in CLAIMS:
        evidence = claim.judged_by(empty)
        assert evidence == []
        assert claim.verdict(evidence) is Verdict.INCONCLUSIVE
        assert claim.finding(empty, evidence) == ""
