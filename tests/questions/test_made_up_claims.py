"""Claims 1 to 4 and 8: evidence of a known direction from made-up tables, and a study without them."""

import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.claim import Claim
from pipeline.questions.verdicts import verdict_table
from pipeline.science.verdicts import Outcome, Verdict
from tests.questions.made import SPLITS, noise

Tables = dict[str, pd.DataFrame]
VARIANTS = {
    "l1": 1.0,
    "l2": 1.1,
    "weight_decay": 0.9,
    "dropout": 1.2,
    "batch_norm": 0.8,
    "early_stopping": 1.0,
}


LOSSES = ("squared_error", "cross_entropy")
RISING = [f"{loss}_bias" for loss in LOSSES]
FALLING = [f"{loss}_{term}" for loss in LOSSES for term in ("variance", "risk")]
FALLING += ["seen", "norm", "directions", "gradient"]


def runs(effect: float) -> pd.DataFrame:
    """Every variant lowers every score by `effect` times its own factor, and raises bias by as much."""
    rows = []
    for place, (variant, factor) in enumerate({"baseline": 0.0, "tuned_baseline": 0.0, **VARIANTS}.items()):
        for split, wobble in zip(SPLITS, noise(1, place), strict=True):
            for init in (0, 1):
                value = 5.0 - effect * factor + wobble + (0.5 - init)
                names = ("test_error", "test_cross_entropy", "cross_entropy_gap", "error_gap", *FALLING)
                replicate = {"setting": "small", "variant": variant, "split": split, "init": init}
                rising = dict.fromkeys(RISING, 10.0 - value)
                rows.append(replicate | dict.fromkeys(names, value) | rising | {"unseen": 0.0})
    return pd.DataFrame(rows)


def spread(effect: float) -> pd.DataFrame:
    """L1 sparser, L2 smaller and more even, by `effect`."""
    base = {"near_zero": 0.4, "exact_zeros": 0.4, "hoyer": 0.4, "participation_ratio": 0.4, "norm": 10.0}
    moved = {
        "l1": {"near_zero": 0.2 * effect, "hoyer": 0.2 * effect},
        "l2": {"participation_ratio": 0.2 * effect, "norm": -5.0 * effect},
        "l1_proximal": {"exact_zeros": 0.2 * effect},
        "baseline": {},
    }
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "kernels": "all", "weights": "live"}
        | {name: value + changes.get(name, 0.0) + noise(2, place)[split] for name, value in base.items()}
        for place, (variant, changes) in enumerate(moved.items())
        for split in SPLITS
    )


def made_up(effect: float) -> Tables:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    paths = [
        {"setting": "small", "variant": "l2", "step": step, "metric": "squared_error_risk", "estimate": risk}
        for step, risk in enumerate((3.0, 2.0, 4.0))
    ]
    return {
        "runs": runs(effect),
        "tradeoff/complexity": runs(effect),
        "tradeoff/left_out": pd.DataFrame({"setting": ["conv"], "variant": ["l2"]}),
        "tradeoff/paths": pd.DataFrame(paths),
        "weights/spread": spread(effect),
        "textbook/pairs": pd.DataFrame(
            {"setting": "small", "split": split, "init": 0, "metric": "test_error"}
            | {"difference": -effect + noise(10)[split]}
            for split in SPLITS
        ),
    }


NAMES = ("overfitting", "tradeoff", "weights", "penalties", "textbook")
ASKED_IN = {claim.number: name for name in NAMES for claim in Question(name).claims}
CLAIMS = {
    claim.number: claim for name in NAMES for claim in Question(name).claims if isinstance(claim, Claim)
}


def of(number: str, tables: Tables) -> Tables:
    """The tables as the question of a claim sees them: its own by name, and the study's."""
    prefix = f"{ASKED_IN[number]}/"
    tables_of_it = {
        name.removeprefix(prefix): table for name, table in tables.items() if name.startswith(prefix)
    }
    every = tables.get("runs", runs(1.0))
    return tables_of_it | {f"study/{name}": every for name in ("runs", "alike", "pseudo_values", "memorised")}


@pytest.mark.parametrize("number", CLAIMS)
def test_made_up_data_that_bear_a_claim_out_support_it(number: str) -> None:
    claim, tables = CLAIMS[number], made_up(1.0)
    evidence = claim.evidence(of(claim.number, tables))
    assert {piece.outcome for piece in evidence} <= {Outcome.HOLDS, Outcome.UNKNOWN}
    assert claim.verdict(evidence) is Verdict.SUPPORTED
    row = verdict_table([(claim, evidence)], of(number, tables)).iloc[0]
    holding = sum(piece.outcome is Outcome.HOLDS for piece in evidence)
    assert f"Holds in {holding} of {len(evidence)}" in row.finding


@pytest.mark.parametrize("number", CLAIMS)
def test_the_opposite_refutes_it(number: str) -> None:
    claim = CLAIMS[number]
    evidence = claim.evidence(of(number, made_up(-1.0)))
    assert {piece.outcome for piece in evidence} <= {Outcome.REVERSED, Outcome.ABSENT}
    assert claim.verdict(evidence) is Verdict.REFUTED


@pytest.mark.parametrize("number", CLAIMS)
def test_a_study_without_what_a_claim_looks_at_says_so(number: str) -> None:
    tables = made_up(1.0)
    kept = ("baseline", "tuned_baseline", "max_norm")
    empty = {
        name: table[table.variant.isin(kept)] if name == "runs" else table.iloc[:0]
        for name, table in tables.items()
    }
    evidence = CLAIMS[number].evidence(of(number, empty))
    assert CLAIMS[number].verdict(evidence) is Verdict.INCONCLUSIVE
    table = verdict_table([(CLAIMS[number], evidence)], of(number, empty))
    assert table.verdict.tolist() == ["inconclusive"]


def test_of_a_single_training_set_the_inits_are_the_replicates() -> None:
    tables = made_up(1.0)
    pairs = tables["textbook/pairs"]
    single = {"textbook/pairs": pairs.assign(split=0, init=pairs.split)}
    assert CLAIMS["8"].evidence(of("8", single)) == CLAIMS["8"].evidence(of("8", tables))


def test_of_several_training_sets_the_inits_of_the_textbook_program_are_averaged() -> None:
    tables = made_up(1.0)
    pairs = tables["textbook/pairs"]
    twice = pd.concat([pairs.assign(difference=pairs.difference - 1), pairs.assign(init=1)])
    told = {"textbook/pairs": twice}
    mean, median = CLAIMS["8"].evidence(of("8", told))
    assert mean.n == median.n == len(SPLITS)
    assert mean.estimate == pytest.approx(0.5 - pairs.difference.mean())
    assert median.estimate == pytest.approx(0.5 - pairs.difference.median())
    finding = CLAIMS["8"].finding(of("8", told), [mean, median])
    assert finding.startswith(f"Over {len(SPLITS)} training sets dropout lowers")


def test_what_rests_on_one_pair_is_said() -> None:
    falls = [0.1, 0.0, -0.1, 0.05, 0.95]
    pairs = pd.DataFrame({"difference": [-fall for fall in falls]})
    pairs = pairs.assign(metric="test_error", split=0, init=range(len(falls)))
    tables = {"textbook/pairs": pairs}
    claim = CLAIMS["8"]
    told = claim.finding(of(claim.number, tables), claim.judged_by(of(claim.number, tables)))
    # the mean is .2; of the four others .05 / 4
    assert "by 0.20 [" in told
    assert "in the mean and by 0.05 [-0.10, 0.95] in the median." in told
    assert "Without the pair farthest from the median, of 0.95, the mean is 0.01." in told
