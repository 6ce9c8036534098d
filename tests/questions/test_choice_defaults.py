"""Claims 9d, 9f, 9g and 9h: defaults, gains and regrets, by hand and at the planned size."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.questions.choice import gains, halves, regret
from pipeline.questions.choice.claims import CLAIMS, WORTH
from pipeline.questions.choice.halves import MARGIN, Shown
from pipeline.science.verdicts import Outcome, Verdict
from tests.questions.choosing import drawn, runs

CLAIM = {claim.number: claim for claim in CLAIMS}
N = {"small": 16, "noisy": 16, "fashion": 16, "deep": 12, "distracted": 12, "conv": 10}
N |= dict.fromkeys("abcde", 6)


def study(rng: np.random.Generator, **means: float) -> pd.DataFrame:
    """Eleven conditions with the planned training sets, in all of which the methods have these means."""
    return runs(
        *((name, {"width": place}, drawn(rng, means, n)) for place, (name, n) in enumerate(N.items()))
    )


# ---- at least half of the conditions ----


def test_half_of_the_conditions_by_hand() -> None:
    """Of four p values the second smallest, three times."""
    assert halves.partial_conjunction([0.9, 0.01, 0.001, 0.2], 2) == pytest.approx(0.03)
    assert halves.partial_conjunction([0.9, 0.01, 0.001, 0.2], 4) == pytest.approx(0.9)
    assert halves.partial_conjunction([0.9, 0.6], 1) == 1.0


def test_one_sided_p_values_of_a_condition() -> None:
    differences = pd.Series([0.9, 1.2, 0.4, 0.8, 1.1])
    found = halves.shown("small", differences, 0.5)
    assert found.estimate == pytest.approx(0.88)
    assert found.above == pytest.approx(stats.ttest_1samp(differences, 0, alternative="greater").pvalue)
    assert found.below == pytest.approx(stats.ttest_1samp(differences, 0, alternative="less").pvalue)
    assert found.small == pytest.approx(stats.ttest_1samp(differences, 0.5, alternative="less").pvalue)


def condition(kind: str) -> Shown:
    """A condition that shows a gain, a loss or nothing of size."""
    return {
        "gain": Shown("g", 1.0, 1e-6, 1.0, 1.0),
        "loss": Shown("l", -1.0, 1.0, 1e-6, 1e-9),
        "none": Shown("n", 0.01, 0.4, 0.6, 1e-6),
        "unsure": Shown("u", 0.4, 0.1, 0.9, 0.4),
    }[kind]


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        (["gain"] * 3 + ["none"] * 2, Outcome.HOLDS),
        (["gain"] * 2 + ["none"] * 2, Outcome.HOLDS),  # half are enough
        (["gain"] * 2 + ["none"] * 3, Outcome.ABSENT),
        (["loss"] * 3 + ["gain"], Outcome.ABSENT),
        (["gain"] * 2 + ["unsure"] * 3, Outcome.UNKNOWN),
    ],
)
def test_an_effect_in_half_of_the_conditions(kinds: list[str], outcome: Outcome) -> None:
    (piece,) = halves.in_half("half", "gain", [condition(kind) for kind in kinds], MARGIN)
    estimates = [condition(kind).estimate for kind in kinds]
    assert (piece.estimate, piece.low, piece.high, piece.n) == (
        np.median(estimates),
        min(estimates),
        max(estimates),
        len(kinds),
    )
    assert piece.outcome is outcome


def test_the_rival_is_the_better_of_the_two_baselines() -> None:
    errors = pd.DataFrame({"baseline": [3.0, 5.0], "tuned_baseline": [2.0, 7.0], "l2": [1.0, 1.0]})
    assert halves.better_baseline(errors).tolist() == [3.0, 5.0]
    assert halves.better_baseline(errors.drop(columns="baseline")).tolist() == [2.0, 7.0]


# ---- 9d ----


def verdict_of(number: str, table: pd.DataFrame) -> Verdict:
    claim = CLAIM[number]
    return claim.verdict(claim.judged_by({"runs": table}))


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ({"l2": -1.0, "dropout": -1.2}, Verdict.SUPPORTED),
        ({"l2": 0.0, "dropout": -2.5}, Verdict.REFUTED),
        (
            {"l2": 0.0, "dropout": -0.1},
            Verdict.CONDITIONAL,
        ),  # near the best, for nothing is better than nothing
    ],
)
def test_a_good_default_gains_and_is_never_far_off(means: dict[str, float], verdict: Verdict) -> None:
    """In nine of ten studies of the planned size."""
    rng = np.random.default_rng(3)
    found = [
        verdict_of("9d", study(rng, baseline=0.0, tuned_baseline=0.5, **means)) is verdict for _ in range(10)
    ]
    assert np.mean(found) >= 0.9


def test_methods_that_only_some_conditions_have_are_no_rivals_of_the_default() -> None:
    rng = np.random.default_rng(4)
    errors: list[Any] = [
        (name, {}, drawn(rng, {"baseline": 1.0, "l2": 0.0, "augmentation": -9.0}, 12)) for name in "ab"
    ]
    near = halves.default(runs(*errors, rare=["augmentation"]), "l2")[1]
    assert near.outcome is Outcome.HOLDS
    assert halves.default(runs(*errors), "l2")[1].outcome is not Outcome.HOLDS


# ---- 9g ----


@pytest.mark.parametrize(
    ("stopping", "verdict"), [(1.0, Verdict.SUPPORTED), (0.0, Verdict.REFUTED), (-1.0, Verdict.REFUTED)]
)
def test_early_stopping_is_beaten_or_not(stopping: float, verdict: Verdict) -> None:
    rng = np.random.default_rng(5)
    means = {"baseline": 0.0, "tuned_baseline": 0.5, "l2": 0.2, "dropout": 0.1}
    found = [verdict_of("9g", study(rng, early_stopping=stopping, **means)) is verdict for _ in range(10)]
    assert np.mean(found) >= 0.9


def test_whichever_rival_beats_it_its_p_value_counts_for_all_of_them() -> None:
    rng = np.random.default_rng(6)
    errors = drawn(rng, {"early_stopping": 0.6, "l2": 0.0, "dropout": 0.3}, 6)
    (piece,) = halves.beaten(runs(("a", {}, errors)), "early_stopping")
    stop = errors["early_stopping"]
    p_values = [
        stats.ttest_rel(stop, errors[rival], alternative="greater").pvalue for rival in ("l2", "dropout")
    ]
    assert piece.p_value == pytest.approx(2 * min(1.0, 2 * min(p_values)))
    assert piece.estimate == pytest.approx(np.mean(stop) - np.mean(errors["l2"]))


# ---- 9f ----

GRID = {(depth, width): {"depth": depth, "width": width} for depth in (1, 2, 4) for width in (128, 512)}


def grid(rng: np.random.Generator, gain: Any) -> pd.DataFrame:
    """Dropout gains `gain(depth, width)` points; one more width at one depth is no part of the grid."""
    narrow = {"depth": 1, "width": 32}
    return runs(
        ("narrow", narrow, drawn(rng, {"baseline": 0.0, "dropout": 9.0}, 6)),
        *(
            (
                f"{depth}x{width}",
                place,
                drawn(rng, {"baseline": 0.0, "tuned_baseline": 1.0, "dropout": -gain(depth, width)}, n),
            )
            for ((depth, width), place), n in zip(GRID.items(), (16, 8, 6, 6, 12, 6), strict=True)
        ),
    )


def test_the_gain_by_size_is_the_better_baselines_error_minus_dropouts() -> None:
    errors = {"baseline": [5.0, 6.0], "tuned_baseline": [4.0, 9.0], "dropout": [4.0, 4.5]}
    table = runs(*((f"{size}", place, errors) for size, place in GRID.items()))
    found = gains.by_size(table)
    assert {*found} == {*GRID}
    assert found[4, 512].tolist() == [1.0, 1.5]
    assert gains.by_size(table[table.condition != "(1, 128)"]).keys() == {*GRID} - {(1, 128), (1, 512)}
    assert gains.by_size(table[table.depth == 1]) == {}


def test_contrasts_by_hand() -> None:
    """The gain is the split's number times depth times width in hundreds: 1.28 and 5.12."""
    conditions = []
    for (depth, width), place in GRID.items():
        gain = [split * depth * width / 100 for split in (1, 2, 3)]
        conditions.append(
            (f"{depth}x{width}", place, {"baseline": [9.0] * 3, "dropout": [9 - g for g in gain]})
        )
    pieces = {piece.condition: piece for piece in gains.evidence(runs(*conditions))}
    assert [*pieces] == [
        "512 against 128 units",
        "4 layers against 1",
        "1 x 512 units",
        "4 x 128 units",
        "4 x 512 units",
    ]
    # over splits the mean number is 2; over depths 7/3; over widths 3.2
    assert pieces["512 against 128 units"].estimate == pytest.approx(2 * 7 / 3 * 3.84)
    assert pieces["4 layers against 1"].estimate == pytest.approx(2 * 3 * 3.2)
    assert pieces["4 x 512 units"].estimate == pytest.approx(2 * 4 * 5.12)
    assert {piece.n for piece in pieces.values()} == {3}


@pytest.mark.parametrize(
    ("gain", "verdict", "power", "never"),
    [
        (lambda depth, width: 0.5 * depth + (width > 128), Verdict.SUPPORTED, 0.8, Verdict.REFUTED),
        (lambda depth, width: 0.0, Verdict.REFUTED, 0.5, Verdict.SUPPORTED),
    ],
    ids=["grows", "none"],
)
def test_dropout_in_large_and_deep_networks_with_the_planned_training_sets(
    gain: Any, verdict: Verdict, power: float, never: Verdict
) -> None:
    """That there is no gain takes more training sets than six to be sure of."""
    rng = np.random.default_rng(7)
    found = [verdict_of("9f", grid(rng, gain)) for _ in range(20)]
    assert np.mean([each is verdict for each in found]) >= power
    assert never not in found


def test_a_gain_beyond_chance_of_half_a_point_is_a_gain() -> None:
    """As the wide network showed: .55 points on eight training sets, which vary by .25."""
    wide = [0.55 + 0.25 * value for value in (-1.4, -0.9, -0.5, -0.1, 0.1, 0.5, 0.9, 1.4)]
    errors = {"baseline": [10.0] * 8, "dropout": [10.0 - gain for gain in wide]}
    flat = {"baseline": [10.0, 10.1] * 4, "dropout": [10.1, 10.0] * 4}
    table = runs(*((f"{size}", GRID[size], flat) for size in GRID if size != (1, 512)))
    table = pd.concat([table, runs(("wide", GRID[1, 512], errors))])
    (piece,) = (piece for piece in gains.evidence(table) if piece.condition == "1 x 512 units")
    assert piece.outcome is Outcome.HOLDS


# ---- 9h ----


def test_a_regret_is_measured_against_the_choice_on_each_training_set() -> None:
    """`l2` has the lower loss on the first and third, `dropout` on the second."""
    table = runs(
        ("a", {}, {"baseline": [9.0, 9.0, 9.0], "l2": [5.0, 6.0, 4.0], "dropout": [7.0, 5.0, 8.0]}),
        ("alone", {}, {"baseline": [9.0, 9.0, 9.0], "dropout": [1.0, 2.0, 3.0]}),
    )
    table["test_error"] += 1.0  # the choice is made by the loss
    table.loc[table.method == "l2", "test_error"] += 1.0
    ((name, regrets),) = regret.by_training_set(table, "validation_cross_entropy")
    assert name == "a"  # the other has no two variants to choose from
    assert regrets["l2"].tolist() == [0.0, 8.0 - 6.0, 0.0]
    assert regrets["dropout"].tolist() == [8.0 - 7.0, 0.0, 9.0 - 6.0]
    assert regrets["baseline"].tolist() == [10.0 - 7.0, 10.0 - 6.0, 10.0 - 6.0]


def test_the_mean_over_conditions_takes_the_training_sets_that_all_have() -> None:
    frames = {
        "a": pd.DataFrame({"l2": [1.0, 2.0, 9.0], "dropout": [0.0, 0.0, 0.0]}),
        "b": pd.DataFrame({"l2": [3.0, 6.0]}),
    }
    assert regret.over_conditions(frames, "l2").tolist() == [2.0, 4.0]
    assert len(regret.over_conditions(frames, "dropout")) == 3


def test_the_table_of_regrets_ends_with_the_means() -> None:
    errors = {"baseline": [9.0, 8.0, 9.0], "l2": [5.0, 6.0, 4.0], "dropout": [7.0, 5.0, 8.0]}
    table = regret.table(runs(("a", {}, errors), ("b", {"width": 9}, errors)))
    by_loss = table[table.criterion == "validation_cross_entropy"].set_index(["condition", "method"])
    assert by_loss.estimate["a", "l2"] == pytest.approx(1 / 3)
    assert by_loss.estimate["every condition", "dropout"] == pytest.approx((2 + 0 + 4) / 3)
    assert by_loss.conditions["every condition", "dropout"] == 2
    assert len(table) == 2 * (3 * 2 + 3)


@pytest.mark.parametrize(
    ("fixed", "outcome"), [(0.0, Outcome.ABSENT), (3 * WORTH, Outcome.HOLDS)], ids=["the best", "another"]
)
def test_a_fixed_choice_costs_or_not_with_the_planned_training_sets(fixed: float, outcome: Outcome) -> None:
    """The validation loss tells the best here; always taking it costs nothing."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(20):
        table = study(rng, baseline=2.0, l2=1.0, dropout=fixed, early_stopping=1.0, batch_norm=0.0)
        loss = table.method.map({"batch_norm": 0.1}).fillna(0.2 if fixed else 0.3)
        loss = loss.where(table.method != ("dropout" if not fixed else ""), 0.05)
        pieces = CLAIM["9h"].judged_by({"runs": table.assign(validation_cross_entropy=loss)})
        (piece,) = (piece for piece in pieces if piece.condition == "dropout everywhere")
        found.append(piece.outcome is outcome)
    assert np.mean(found) >= 0.8
