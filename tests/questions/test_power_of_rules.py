"""The power of the claims' rules, from evidence as its table has it."""

import math
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from pipeline.questions.claim import Claim
from pipeline.questions.power import power_table
from pipeline.questions.verdicts import evidence_table
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence
from pipeline.system.files import read_table, write_table

PAIRS = [1.0, 2.0, 3.0, 2.0, 2.0, 1.0, 3.0, 2.0]  # their standard deviation is the root of 4 / 7
DEVIATION = math.sqrt(4 / 7)


def evidence(*pieces: Evidence, number: str = "1") -> pd.DataFrame:
    """The table of a claim, adjusted over all its pieces."""
    claim = Claim(number, "So.", "Somebody.", lambda tables: pieces)
    return evidence_table([(claim, claim.judged_by({}))])


def test_a_row_has_the_power_of_its_own_test_at_bonferronis_level(tmp_path: Path) -> None:
    """Against statsmodels for t; of eight pairs all must show the sign, and Phi(1 / .756) do."""
    from statsmodels.stats.power import TTestPower

    by_t = verdicts.paired("small", "gap", "nats", PAIRS, 1.0)
    by_sign = verdicts.paired_on_grid("small", "rate", "steps", PAIRS, 1.0, step=1.0)
    even = verdicts.paired_on_grid("small", "epochs", "epochs", [2.0] * 8, 1.0, step=1.0)
    table = evidence(by_t, by_sign, even)
    write_table(tmp_path / "evidence.csv", table)  # as it is read again
    powers = power_table(read_table(tmp_path / "evidence.csv"))
    assert powers.columns.tolist() == [
        *("claim", "condition", "endpoint", "n", "deviation", "margin", "power")
    ]
    assert powers.deviation.tolist() == pytest.approx([DEVIATION, DEVIATION, 0.0])
    expected = TTestPower().power(1 / DEVIATION, 8, 0.05 / 3)
    assert powers.power.tolist() == pytest.approx(
        [expected, stats.norm.cdf(1 / DEVIATION) ** 8, 1.0], abs=1e-5
    )


def test_the_level_is_shared_by_the_rows_of_a_claim_alone() -> None:
    piece = verdicts.paired("small", "gap", "nats", PAIRS, 0.8)
    alone, shared = evidence(piece), evidence(piece, piece, number="2")
    powers = power_table(pd.concat([alone, shared])).set_index("claim").power
    assert powers["1"] == pytest.approx(power_table(alone).power[0])
    assert (powers["2"] < powers["1"]).all()


def test_an_equality_has_the_power_to_find_none() -> None:
    equal = verdicts.paired("small", "error", "points", PAIRS, 1.0, equality=True)
    different = verdicts.paired("small", "error", "points", PAIRS, 1.0)
    powers = power_table(evidence(equal, different)).power
    # Two one-sided tests reject where |mean| <= 1 - 2.365 s / sqrt(8): seldom enough to need more pairs.
    assert 0.5 < powers[0] < powers[1]


def test_what_is_not_of_pairs_has_no_power() -> None:
    alone = Evidence("small", "error", "points", 0.0, 0.0, 0.0, 0, 1.0, 1.0, 0.1)
    assert power_table(evidence(alone)).power.isna().tolist() == [True]
    assert power_table(evidence()).empty
