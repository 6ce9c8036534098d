"""The claims on batch normalization, from made-up tables."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.questions.batch_norm.claims import CLAIMS
from pipeline.questions.verdicts import verdict_table
from pipeline.science.verdicts import Evidence, Outcome, Verdict
from tests.questions import made
from tests.questions.made import SPLITS, noise

Tables = dict[str, pd.DataFrame]
BY_NUMBER = {claim.number: claim for claim in CLAIMS}
METHODS = ("baseline", "batch_norm")


SETS = range(10)  # the training sets of the question's own networks


def wobble(*seed: int) -> np.ndarray:
    """A little, one for each of SETS."""
    return np.random.default_rng(seed).normal(0, 0.01, len(SETS))


def made_up(effect: float) -> Tables:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1.

    The shift falls or rises by a factor of ten, and gap and error go along with it in the first case alone.
    """
    rows = [
        {"network": "relu", "variant": variant, "split": split}
        | {"best_error": 50.0 - 3.0 * sign + little}
        | {"diverged_rates": 5 - 2 * sign, "usable_rates": 5 + sign, "largest_place": 6 + sign}
        | {"epochs_to_plain": 20 - 8 * sign, "largest_usable": 10.0**sign}
        | {"cross_entropy_gap": 0.5 - 0.3 * sign + little}
        | {"shift_relative": 10.0 ** (-sign + little), "shift_cosine": 0.5 + 0.3 * sign + little}
        | {"decades": -abs(sign) + little, "validation_error": 20.0 - 5.0 * sign + little}
        for variant, sign in zip(METHODS, (0, int(effect)), strict=True)
        for split, little in zip(SETS, wobble(3, int(variant == "baseline")), strict=True)
    ]
    gaps = [
        {"setting": "small", "variant": variant, "split": split, "init": init}
        | {"cross_entropy_gap": 5.0 - sign + little + (0.5 - init)}
        | {"test_error": 20.0 - 4 * sign + little + (0.5 - init)}
        for place, (variant, sign) in enumerate(
            zip((*METHODS, "tuned_baseline"), (0.0, 0.8 * effect, 0.2 * effect), strict=True)
        )
        for split, little in zip(SPLITS, noise(1, place), strict=True)
        for init in (0, 1)
    ]
    table = pd.DataFrame(rows)
    return {
        "runs": pd.DataFrame({"learning_rate": np.logspace(-4, 1, 11)}),
        "summary": table,
        "shift": table,
        "chain": table,
        "study/runs": pd.DataFrame(gaps),
    }


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
class TestClaims:
    def test_made_up_data_that_bear_it_out_support_it(self, claim: Any) -> None:
        tables = made_up(1.0)
        evidence = claim.judged_by(tables)
        assert {piece.outcome for piece in evidence} == {Outcome.HOLDS}
        assert claim.verdict(evidence) is Verdict.SUPPORTED
        told = claim.finding(tables, evidence)
        assert "relu" in told
        assert ("lowest validation error is 50.0 % on relu." in told) is (claim.number != "7e")

    def test_the_opposite_refutes_it(self, claim: Any) -> None:
        evidence = claim.judged_by(made_up(-1.0))
        assert {piece.outcome for piece in evidence} == {Outcome.REVERSED}
        assert claim.verdict(evidence) is Verdict.REFUTED

    def test_a_study_without_batch_normalization_says_so(self, claim: Any) -> None:
        """It may look at another variant."""
        named = {"batch_norm": "dropout"}
        other = {
            name: table.replace({"variant": named}) if "variant" in table else table
            for name, table in made_up(1.0).items()
        }
        for tables in (made.empty(made_up(1.0)), other):
            table = verdict_table([(claim, claim.evidence(tables))], tables)
            assert table.verdict.tolist() == ["inconclusive"]
            assert table.finding.tolist() == ["The study has no runs to judge it by."]


def test_what_is_read_off_a_list_is_decided_by_ten_sets_that_agree_and_by_no_three() -> None:
    """One step each, without any spread: by t, three sets were certain at p = 0."""
    tables = made_up(1.0)
    summary = tables["summary"]
    (piece,) = BY_NUMBER["7b"].judged_by(tables)
    assert (piece.estimate, piece.low, piece.high) == (1.0, 0.0, 2.0)
    assert piece.p_value == pytest.approx(2 / 2**10)
    (few,) = BY_NUMBER["7b"].judged_by(tables | {"summary": summary[summary.split < 3]})
    assert few.outcome is Outcome.UNKNOWN
    one_less = summary.assign(largest_place=summary.largest_place.mask(summary.split == 7, 6))
    (nine,) = BY_NUMBER["7b"].judged_by(tables | {"summary": one_less})
    assert nine.p_value == pytest.approx(2 * 11 / 2**10)
    assert nine.outcome is Outcome.HOLDS


def test_networks_that_are_alike_on_the_list_differ_by_less_than_its_step() -> None:
    """The margin is the step: an undecided row of which no set shows the opposite blocks nothing."""
    tables = made_up(1.0)
    same = tables["summary"].assign(largest_place=6)
    (piece,) = BY_NUMBER["7b"].judged_by(tables | {"summary": same})
    assert piece.outcome is Outcome.ABSENT
    diverged = tables["summary"].assign(
        diverged_rates=lambda rows: rows.diverged_rates.mask(rows.split.isin([7, 8]), 5)
    )
    other = tables["summary"].assign(network="deep")
    judged = BY_NUMBER["7a"].judged_by(tables | {"summary": pd.concat([diverged, other])})
    assert [item.outcome for item in judged].count(Outcome.UNKNOWN) == 1
    assert BY_NUMBER["7a"].verdict(judged) is Verdict.SUPPORTED


def test_overfitting_is_gap_and_error_in_the_settings_and_on_the_networks() -> None:
    evidence = BY_NUMBER["7d"].evidence(made_up(1.0))
    assert [(piece.condition, piece.endpoint, piece.n) for piece in evidence] == [
        ("small", "gap in cross-entropy", 6),
        ("small", "test error, against the baseline", 6),
        ("small", "test error, against the tuned baseline", 6),
        ("relu", "gap in cross-entropy", 10),
        ("relu", "validation error", 10),
    ]
    expected = [0.8, 3.2, 2.4, 0.3, 3.0]
    assert [piece.estimate for piece in evidence] == pytest.approx(expected, abs=0.03)


def test_a_narrower_gap_beside_a_higher_error_is_no_less_overfitting() -> None:
    """Which the gap alone called supported."""
    tables = made_up(1.0)
    runs = tables["study/runs"]
    worse = runs.assign(test_error=runs.test_error.mask(runs.variant == "batch_norm", runs.test_error + 9))
    claim = BY_NUMBER["7d"]
    evidence = claim.judged_by(tables | {"study/runs": worse})
    assert claim.verdict(evidence) is Verdict.CONDITIONAL
    assert claim.finding(tables, evidence).startswith(
        "The gap is narrower on small by 0.80 and relu by 0.30 nats. The error is lower on relu by 3.00 "
        "points. The error is higher on small by 5.80 (against the baseline) and small by 6.60 (against the "
        "tuned baseline) points."
    )


def test_where_no_baseline_was_tuned_there_is_none_to_compare_with() -> None:
    tables = made_up(1.0)
    runs = tables["study/runs"]
    evidence = BY_NUMBER["7d"].evidence(tables | {"study/runs": runs[runs.variant != "tuned_baseline"]})
    assert len(evidence) == 4


def test_a_chain_in_which_the_gap_follows_the_shift_upwards_holds_too() -> None:
    """With batch normalization the shift rises tenfold, the gap by .4, and the error falls by 5 points."""
    rows = [
        {"network": "deep", "variant": variant, "split": split, "decades": shift + little}
        | {"cross_entropy_gap": gap + little, "validation_error": error + little}
        for variant, shift, gap, error in (("baseline", -1.0, 0.1, 30.0), ("batch_norm", 0.0, 0.5, 25.0))
        for split, little in zip(SETS, wobble(5, int(variant == "baseline")), strict=True)
    ]
    claim, tables = BY_NUMBER["7e"], {"chain": pd.DataFrame(rows)}
    evidence = claim.judged_by(tables)
    assert [(piece.unit, piece.outcome) for piece in evidence] == [
        ("nats", Outcome.HOLDS),
        ("points", Outcome.REVERSED),
    ]
    assert [piece.estimate for piece in evidence] == pytest.approx([0.4, -5.0], abs=0.02)
    assert claim.verdict(evidence) is Verdict.CONDITIONAL
    assert claim.finding(tables, evidence).startswith("On deep the relative shift rises by a factor of 1")


def test_a_shift_that_turns_on_some_sets_only_shows_no_chain() -> None:
    rows = [
        {"network": "deep", "variant": variant, "split": split, "validation_error": 10.0 + little}
        | {"decades": (split % 2 - 0.5) * is_normalized, "cross_entropy_gap": 0.5 - 0.3 * is_normalized}
        for is_normalized, variant in enumerate(METHODS)
        for split, little in zip(SETS, wobble(7, is_normalized), strict=True)
    ]
    gap, _ = BY_NUMBER["7e"].judged_by({"chain": pd.DataFrame(rows)})
    assert gap.estimate == pytest.approx(0.0)
    assert gap.outcome is Outcome.UNKNOWN


def test_how_well_the_plain_network_learned_is_said() -> None:
    tables = made_up(1.0)
    summary = tables["summary"].assign(best_error=90.0)
    plain = summary.variant == "baseline"
    summary.loc[plain, "best_error"] = 40.0 + summary[plain].split  # 40, ..., 49
    claim = BY_NUMBER["7x"]
    told = claim.finding(tables | {"summary": summary}, claim.evidence(tables))
    assert told.endswith(" The plain network's lowest validation error is 44.5 % on relu.")


# ---- the covariate shift ----

NO_SUMMARY = pd.DataFrame(columns=["network", "variant", "best_error"])
PLAIN = np.array([[100.0, 1.0], [10.0, 0.0], [1000.0, 10.0]])  # training set by epoch; dead in one of them


def judged_shift(plain: np.ndarray) -> dict[str, Evidence]:
    """The evidence of 7c by endpoint; with batch normalization every shift is 1."""
    rows = [
        {"network": "relu", "variant": variant, "split": split, "layer": "logits", "epoch": 1 + epoch}
        | {"shift_relative": value, "shift_cosine": 1.0 if value == 0 else 0.5}
        for variant, shifts in zip(METHODS, (plain, np.ones_like(plain)), strict=True)
        for (split, epoch), value in np.ndenumerate(shifts)
    ]
    tables = {"shift": pd.DataFrame(rows), "summary": NO_SUMMARY}
    evidence = BY_NUMBER["7c"].evidence(tables)
    assert "nan" not in BY_NUMBER["7c"].finding(tables, evidence)
    return {piece.endpoint: piece for piece in evidence}


def test_an_epoch_in_which_nothing_moves_has_a_cosine_and_no_decade() -> None:
    evidence = judged_shift(PLAIN)
    # Baseline minus batch normalization, in decades: (2 + 0) / 2, 1, (3 + 1) / 2.
    assert evidence["relative shift"].estimate == pytest.approx((1 + 1 + 2) / 3)
    assert evidence["relative shift"].n == 3
    # With minus without: 0, (0.5 + 1) / 2 less, 0.
    assert evidence["cosine of the gradients"].estimate == pytest.approx(-0.25 / 3)


def test_a_network_that_never_moves_has_nothing_to_compare() -> None:
    relative = judged_shift(PLAIN * np.array([[1.0], [0.0], [1.0]]))["relative shift"]
    assert relative.n == 2
    assert relative.estimate == pytest.approx(1.5)
    assert np.isfinite(relative.low)


def test_a_reversed_shift_is_split_at_the_plain_networks_first_epochs() -> None:
    """The plain network hardly turns in 2 of 8 epochs; there it shifts 100 times less, later as much."""
    rows = [
        {"network": "deep", "variant": variant, "split": split, "epoch": epoch, "shift_cosine": 0.5}
        | {"shift_relative": level * 10 ** noise(11, epoch, int(variant == "baseline"))[split]}
        for split in SPLITS
        for epoch in range(1, 9)
        for variant, level in (("batch_norm", 1.0), ("baseline", 0.01 if epoch <= 2 else 1.0))
    ]
    claim, tables = BY_NUMBER["7c"], {"shift": pd.DataFrame(rows), "summary": NO_SUMMARY}
    evidence = claim.evidence(tables)
    parts = re.search(
        r"The relative shift on deep is (\S+) \[.+?\] decades over epochs 1 to 2, while the plain network's "
        r"is below 0.1 of its median over the second half of training, and (\S+) \[.+?\] decades after",
        claim.finding(tables, evidence),
    )
    assert parts
    assert float(parts[1]) == pytest.approx(-2, abs=0.02)
    assert float(parts[2]) == pytest.approx(0, abs=0.02)
    late = tables["shift"].assign(shift_relative=lambda table: table.shift_relative.clip(lower=0.2))
    assert "epochs 1 to" not in claim.finding(tables | {"shift": late}, evidence)
