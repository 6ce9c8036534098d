"""The power of the claims' rules, from the spread that studies with other seeds had."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from pipeline.params import Params
from pipeline.questions.claim import Claim
from pipeline.questions.power import planned, power_table, warning
from pipeline.questions.verdicts import evidence_table
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence
from pipeline.system.files import read_table, write_table
from tests import asking

PAIRS = [1.0, 2.0, 3.0, 2.0, 2.0, 1.0, 3.0, 2.0]  # their standard deviation is the root of 4 / 7
DEVIATION = math.sqrt(4 / 7)


@pytest.fixture
def study(raw_params: dict[str, Any]) -> Params:
    """Parameters whose setting `small` has eight training sets, and `blind` three initialisations."""
    raw_params["settings"]["small"] |= {"splits": 8, "train_size": 50}
    return asking.check(raw_params)


def evidence(*pieces: Evidence, number: str = "1") -> pd.DataFrame:
    """The table of a claim of the question `tradeoff`, adjusted over all its pieces."""
    claim = Claim(number, "So.", "Somebody.", lambda tables: pieces)
    return evidence_table([(claim, claim.judged_by({}))]).assign(question="tradeoff")


def table(rows: pd.DataFrame, study: Params) -> pd.DataFrame:
    """The power of rows whose spread is known from themselves."""
    return power_table(rows, [rows], study)


def test_a_row_has_the_power_of_its_own_test_at_bonferronis_level(tmp_path: Path, study: Params) -> None:
    """Against statsmodels for t; of eight pairs all must show the sign, and Phi(1 / .756) do."""
    from statsmodels.stats.power import TTestPower

    by_t = verdicts.paired("small", "gap", "nats", PAIRS, 1.0)
    by_sign = verdicts.paired_on_grid("small", "rate", "steps", PAIRS, 1.0, step=1.0)
    even = verdicts.paired_on_grid("small", "epochs", "epochs", [2.0] * 8, 1.0, step=1.0)
    write_table(tmp_path / "evidence.csv", evidence(by_t, by_sign, even))  # as it is read again
    powers = table(read_table(tmp_path / "evidence.csv"), study)
    assert powers.deviation.tolist() == pytest.approx([DEVIATION, DEVIATION, 0.0])
    expected = TTestPower().power(1 / DEVIATION, 8, 0.05 / 3)
    assert powers.power.tolist() == pytest.approx(
        [expected, stats.norm.cdf(1 / DEVIATION) ** 8, 1.0], abs=1e-5
    )


def test_the_spread_is_that_of_the_other_studies_pooled(study: Params) -> None:
    """The root mean square of one and three times the differences is that of sqrt(5) times them."""
    ours, other, wider = (
        evidence(verdicts.paired("small", "gap", "nats", [times * value for value in PAIRS], 1.0))
        for times in (100, 1, 3)
    )
    row = power_table(ours, [other, wider], study).iloc[0]
    assert row.deviation == pytest.approx(math.sqrt(5) * DEVIATION)
    assert (row.studies, row.n) == (2, 8)


def test_a_row_that_no_other_study_has_is_unknown(study: Params) -> None:
    ours = evidence(verdicts.paired("small", "gap", "nats", PAIRS, 1.0))
    row = power_table(ours, [ours.assign(endpoint="another")], study).iloc[0]
    assert row.studies == 0
    assert math.isnan(row.power)


def test_the_level_is_shared_by_the_rows_of_a_claim_alone(study: Params) -> None:
    piece = verdicts.paired("small", "gap", "nats", PAIRS, 0.8)
    again = verdicts.paired("small", "error", "nats", PAIRS, 0.8)
    alone, shared = evidence(piece), evidence(piece, again, number="2")
    powers = table(pd.concat([alone, shared]), study).set_index("claim").power
    assert powers["1"] == pytest.approx(table(alone, study).power[0])
    assert (powers["2"] < powers["1"]).all()


def test_an_equality_has_the_power_to_find_none(study: Params) -> None:
    equal = verdicts.paired("small", "error", "points", PAIRS, 1.0, equality=True)
    different = verdicts.paired("small", "gap", "points", PAIRS, 1.0)
    powers = table(evidence(equal, different), study).power
    # Two one-sided tests reject where |mean| <= 1 - 2.365 s / sqrt(8): seldom enough to need more pairs.
    assert 0.5 < powers[0] < powers[1]


def test_what_is_not_of_pairs_has_no_power(study: Params) -> None:
    alone = Evidence("small", "error", "points", 0.0, 0.0, 0.0, 0, 1.0, 1.0, 0.1)
    assert table(evidence(alone), study).power.isna().tolist() == [True]


# ---- at plan time ----


def test_a_setting_with_more_training_sets_plans_more_power(study: Params) -> None:
    """A rule that looks at a part of them plans no more."""
    whole = verdicts.paired("l2 in small", "gap", "nats", PAIRS, 0.8)
    part = verdicts.paired("l2 in small", "path", "nats", PAIRS[:4], 0.8)
    before = table(evidence(whole, part), study)
    assert before.sets.tolist() == [8, 8]
    small = study.settings["small"].model_copy(update={"splits": 30})
    larger = study.model_copy(update={"settings": {**study.settings, "small": small}})
    after = planned(before, larger)
    assert after.n.tolist() == [30, 4]
    assert after.power[0] > before.power[0]
    assert after.power[1] == pytest.approx(before.power[1])


def test_what_is_not_in_the_parameters_is_not_planned(study: Params) -> None:
    rows = table(evidence(verdicts.paired("l2 in small", "gap", "nats", PAIRS, 0.8)), study)
    assert len(planned(rows, study)) == 1
    assert planned(rows.assign(question="sizes"), study).empty
    assert planned(rows.assign(condition="l2 in another"), study).empty


def test_the_warning_names_the_claims(study: Params) -> None:
    weak, sure, unknown = (
        verdicts.paired("small", "gap", "nats", PAIRS, 0.1),
        verdicts.paired("small", "error", "nats", PAIRS, 9.0),
        Evidence("small", "path", "points", 0.0, 0.0, 0.0, 0, 1.0, 1.0, 0.1),
    )
    rows = pd.concat([evidence(weak, sure, unknown, number="2a"), evidence(sure, number="3")])
    assert warning(table(rows, study)) == (
        "power: an effect of their margin is decided with a probability below 0.8 by rules of 1 claim: "
        "2a (1 of 2); reports/power.csv has the table"
    )
    assert warning(table(evidence(sure), study)) == ""
