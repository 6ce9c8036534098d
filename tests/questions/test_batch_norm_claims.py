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


def made_up(effect: float) -> Tables:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    rows = [
        {"network": "relu", "variant": variant, "split": split, "best_error": 50.0}
        | {"diverged_share": 0.5 - 0.3 * sign + wobble, "usable_share": 0.5 + 0.3 * sign + wobble}
        | {"largest_usable": sign + wobble, "cross_entropy_gap": 0.5 - 0.3 * sign + wobble}
        | {"epochs_to_plain": 20.0 - 8.0 * sign + wobble}
        | {"shift_relative": 10.0 ** (-sign + wobble), "shift_cosine": 0.5 + 0.3 * sign + wobble}
        for variant, sign in zip(METHODS, (0.0, effect), strict=True)
        for split, wobble in zip(SPLITS, noise(3, int(variant == "baseline")), strict=True)
    ]
    gaps = [
        {"setting": "small", "variant": variant, "split": split, "init": init}
        | {"cross_entropy_gap": 5.0 - sign + wobble + (0.5 - init)}
        for place, (variant, sign) in enumerate(zip(METHODS, (0.0, 0.8 * effect), strict=True))
        for split, wobble in zip(SPLITS, noise(1, place), strict=True)
        for init in (0, 1)
    ]
    return {
        "runs": pd.DataFrame({"learning_rate": np.logspace(-4, 1, 11)}),
        "summary": pd.DataFrame(rows),
        "shift": pd.DataFrame(rows),
        "study/runs": pd.DataFrame(gaps),
    }


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
class TestClaims:
    def test_made_up_data_that_bear_it_out_support_it(self, claim: Any) -> None:
        tables = made_up(1.0)
        evidence = claim.evidence(tables)
        assert {piece.outcome for piece in evidence} == {Outcome.HOLDS}
        assert claim.verdict(evidence) is Verdict.SUPPORTED
        assert claim.finding(tables, evidence).endswith(
            "The plain network's validation error at its best rate is 50.0 % on relu."
        )

    def test_the_opposite_refutes_it(self, claim: Any) -> None:
        evidence = claim.evidence(made_up(-1.0))
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


def test_the_gap_is_compared_in_the_settings_and_on_the_networks() -> None:
    evidence = BY_NUMBER["7d"].evidence(made_up(1.0))
    assert [(piece.condition, piece.n) for piece in evidence] == [("small", 6), ("relu", 6)]
    assert [piece.estimate for piece in evidence] == pytest.approx([0.8, 0.3], abs=0.03)


def test_how_well_the_plain_network_learned_is_said() -> None:
    tables = made_up(1.0)
    summary = tables["summary"].assign(best_error=90.0)
    plain = summary.variant == "baseline"
    summary.loc[plain, "best_error"] = 40.0 + summary[plain].split  # 40, ..., 45
    claim = BY_NUMBER["7e"]
    told = claim.finding(tables | {"summary": summary}, claim.evidence(tables))
    assert told.endswith(" The plain network's validation error at its best rate is 42.5 % on relu.")


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
