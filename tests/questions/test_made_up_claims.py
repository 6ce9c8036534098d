"""Claims 1 to 4, 8 and 9: evidence of a known direction from made-up tables, and a study without them."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.claim import Claim
from pipeline.questions.verdicts import verdict_table
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system.files import read_table, write_table
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


def runs(effect: float) -> pd.DataFrame:
    """Every variant lowers every score by `effect` times its own factor, in points and nats alike."""
    rows = []
    for place, (variant, factor) in enumerate({"baseline": 0.0, "tuned_baseline": 0.0, **VARIANTS}.items()):
        for split, wobble in zip(SPLITS, noise(1, place), strict=True):
            for init in (0, 1):
                value = 5.0 - effect * factor + wobble + (0.5 - init)
                names = ("test_error", "test_cross_entropy", "cross_entropy_gap", "error_gap")
                replicate = {"setting": "small", "variant": variant, "split": split, "init": init}
                rows.append(replicate | dict.fromkeys(names, value))
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
    slopes = [
        {"setting": "small", "variant": "l2", "metric": f"{loss}_{part}", "replicate": i}
        | {"slope": sign * effect * 0.1 + noise(4)[i]}
        for loss in ("squared_error", "cross_entropy")
        for part, sign in (("bias", 1), ("variance", -1))
        for i in SPLITS
    ]
    paths = [
        {"setting": "small", "variant": "l2", "step": step, "metric": "squared_error_risk", "estimate": risk}
        for step, risk in enumerate((3.0, 2.0, 4.0))
    ]
    places = [("a", 100, effect), ("b", 1000, -1.0)]
    differences = [
        {"condition": condition, "train_size": size, "width": 8, "label_noise": 0.0}
        | {"first": "l2", "second": "dropout"}
        | {"estimate": sign, "low": sign - 0.1, "high": sign + 0.1, "n": 6, "p_value": 0.001, "p_holm": 0.01}
        for condition, size, sign in places
    ]
    return {
        "runs": runs(effect),
        "tradeoff/slopes": pd.DataFrame(slopes),
        "tradeoff/paths": pd.DataFrame(paths),
        "weights/spread": spread(effect),
        "textbook/pairs": pd.DataFrame(
            {"setting": "small", "split": split, "init": 0, "metric": "test_error"}
            | {"difference": -effect + noise(10)[split]}
            for split in SPLITS
        ),
        "choice/differences": pd.DataFrame(differences),
        "choice/winners": pd.DataFrame(
            {"condition": ["a", "b"], "best": ["l2", "l2"], "tied": [None, "dropout"]}
        ),
    }


NAMES = ("overfitting", "tradeoff", "weights", "penalties", "textbook", "choice")
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
    return tables_of_it | {"study/runs": tables.get("runs", runs(1.0))}


@pytest.mark.parametrize("number", CLAIMS)
def test_made_up_data_that_bear_a_claim_out_support_it(number: str) -> None:
    claim, tables = CLAIMS[number], made_up(1.0)
    evidence = claim.evidence(of(claim.number, tables))
    assert {piece.outcome for piece in evidence} <= {Outcome.HOLDS, Outcome.UNKNOWN}
    verdict = claim.verdict(evidence)
    # One axis of three is there in the made-up tables.
    assert verdict is (Verdict.INCONCLUSIVE if number == "9" else Verdict.SUPPORTED)
    row = verdict_table([(claim, evidence)], of(number, tables)).iloc[0]
    holding = sum(piece.outcome is Outcome.HOLDS for piece in evidence)
    assert f"Holds in {holding} of {len(evidence)}" in row.finding


@pytest.mark.parametrize("number", [number for number in CLAIMS if number != "9"])
def test_the_opposite_refutes_it(number: str) -> None:
    claim = CLAIMS[number]
    evidence = claim.evidence(of(number, made_up(-1.0)))
    assert {piece.outcome for piece in evidence} <= {Outcome.REVERSED, Outcome.ABSENT}
    assert claim.verdict(evidence) is Verdict.REFUTED


def test_one_method_ahead_everywhere_is_no_reversal() -> None:
    evidence = CLAIMS["9"].evidence(of("9", made_up(-1.0)))
    assert evidence[0].outcome is Outcome.ABSENT
    assert evidence[0].endpoint == "one method is the best throughout"


def test_one_method_ahead_at_one_width_alone_is_not_throughout() -> None:
    """At 128 units `l2` is surely better with both shares of wrong labels; at 32 nothing is sure."""
    rows = [
        {"first": "l2", "second": "dropout", "condition": f"{width} {share}", "train_size": 1000}
        | {"width": width, "label_noise": share}
        | {"estimate": -1.0, "low": -1.5, "high": -0.5, "n": 3, "p_holm": p}
        for width, p in ((32, 0.5), (128, 0.001))
        for share in (0.0, 0.2)
    ]
    tables = {"choice/differences": pd.DataFrame(rows)}
    outcomes = {piece.condition: piece.outcome for piece in CLAIMS["9"].evidence(of("9", tables))}
    assert outcomes["label noise"] is Outcome.UNKNOWN
    surely = tables["choice/differences"].assign(p_holm=0.001)
    evidence = CLAIMS["9"].evidence(of("9", {"choice/differences": surely}))
    outcomes = {piece.condition: piece.outcome for piece in evidence}
    assert outcomes["label noise"] is Outcome.ABSENT


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
    (piece,) = CLAIMS["8"].evidence(of("8", told))
    assert piece.n == len(SPLITS)
    assert piece.estimate == pytest.approx(0.5 - pairs.difference.mean())
    assert f"over {len(SPLITS)} training sets;" in CLAIMS["8"].finding(of("8", told), [piece])


def test_two_conditions_that_an_axis_does_not_tell_apart_are_no_reversal_along_it() -> None:
    rows = made_up(1.0)["choice/differences"]
    same = {"choice/differences": rows.assign(train_size=[1000, 1000])}
    assert CLAIMS["9"].evidence(of("9", same))[0].outcome is Outcome.UNKNOWN
    third = pd.concat(
        [same["choice/differences"], rows[rows.condition == "b"].assign(condition="c", train_size=500)]
    )
    evidence = CLAIMS["9"].evidence(of("9", {"choice/differences": third}))
    assert evidence[0].endpoint.endswith("between a and c")


def test_a_condition_without_a_tie_has_none(tmp_path: Path) -> None:
    """As the stage reads it: in a file, nothing is an empty cell."""
    write_table(tmp_path / "winners.csv", made_up(1.0)["choice/winners"])
    tables = made_up(1.0) | {"choice/winners": read_table(tmp_path / "winners.csv")}
    told = CLAIMS["9"].finding(of("9", tables), [])
    assert told.endswith("l2 in 2; under 1 another method cannot be told from the best.")


def test_what_rests_on_one_pair_is_said() -> None:
    falls = [0.1, 0.0, -0.1, 0.05, 0.95]
    pairs = pd.DataFrame({"difference": [-fall for fall in falls]})
    pairs = pairs.assign(metric="test_error", split=0, init=range(len(falls)))
    tables = {"textbook/pairs": pairs}
    claim = CLAIMS["8"]
    told = claim.finding(of(claim.number, tables), claim.judged_by(of(claim.number, tables)))
    # the mean is .2; of the four others .05 / 4
    assert "by 0.20 [" in told
    assert told.endswith("The median is 0.05; without the pair farthest from it, of 0.95, the mean is 0.01.")
