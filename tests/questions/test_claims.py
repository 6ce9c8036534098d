"""Every claim: evidence of a known direction from made-up tables, and a study that lacks what it looks at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline import questions
from pipeline.questions import verdicts as judged
from pipeline.questions.claim import paired_by_split
from pipeline.science.verdicts import Evidence, Outcome, Verdict
from pipeline.system.files import read_table, write_table

Tables = dict[str, pd.DataFrame]
SPLITS = range(6)
VARIANTS = {
    "l1": 1.0,
    "l2": 1.1,
    "weight_decay": 0.9,
    "dropout": 1.2,
    "batch_norm": 0.8,
    "early_stopping": 1.0,
}


def noise(*seed: int) -> np.ndarray:
    """A little, one for each split."""
    return np.random.default_rng(seed).normal(0, 0.01, len(SPLITS))


def runs(effect: float) -> pd.DataFrame:
    """Every variant lowers every score by `effect` times its own factor, in points and nats alike."""
    rows = []
    for place, (variant, factor) in enumerate({"baseline": 0.0, "tuned_baseline": 0.0, **VARIANTS}.items()):
        for split, wobble in zip(SPLITS, noise(1, place), strict=True):
            for init in (0, 1):
                value = 5.0 - effect * factor + wobble + (0.5 - init)
                names = ("test_error", "test_cross_entropy", "cross_entropy_gap", "error_gap")
                own = dict.fromkeys(names, value)
                rows.append({"setting": "small", "variant": variant, "split": split, "init": init, **own})
    return pd.DataFrame(rows)


def spread(effect: float) -> pd.DataFrame:
    """L1 sparser, L2 smaller and more even, by `effect`."""
    base = {"near_zero": 0.4, "hoyer": 0.4, "participation_ratio": 0.4, "norm": 10.0}
    moved = {
        "l1": {"near_zero": 0.2 * effect, "hoyer": 0.2 * effect},
        "l2": {"participation_ratio": 0.2 * effect, "norm": -5.0 * effect},
        "baseline": {},
    }
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "kernels": "all", "weights": "live"}
        | {name: value + own.get(name, 0.0) + noise(2, place)[split] for name, value in base.items()}
        for place, (variant, own) in enumerate(moved.items())
        for split in SPLITS
    )


def by_network(effect: float) -> pd.DataFrame:
    rows = []
    for variant, sign in (("baseline", 0.0), ("batch_norm", effect)):
        for split in SPLITS:
            wobble = noise(3, int(variant == "baseline"))[split]
            rows.append(
                {"network": "relu", "variant": variant, "split": split}
                | {"diverged_share": 0.5 - 0.3 * sign + wobble, "usable_share": 0.5 + 0.3 * sign + wobble}
                | {"largest_usable": sign + wobble, "cross_entropy_gap": 0.5 - 0.3 * sign + wobble}
                | {"epochs_to_plain": 20.0 - 8.0 * sign + wobble}
                | {"shift_relative": 10.0 ** (-sign + wobble), "shift_cosine": 0.5 + 0.3 * sign + wobble}
            )
    return pd.DataFrame(rows)


NO_SUMMARY = pd.DataFrame(columns=["network", "variant", "best_error"])


def made_up(effect: float) -> Tables:
    """Tables in which every claim is true where `effect` is 1 and the opposite is where it is -1."""
    both = [("baseline", 0.0), ("dropout", effect)]
    at: list[dict[str, Any]] = [{"setting": "small", "split": split, "init": 0} for split in SPLITS]
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
    missed = 0.0 if effect > 0 else 2.0  # points by which passes differ from weight scaling
    scores = [
        own
        | {"passes": passes, "error": 10 + (missed + noise(5)[own["split"]]) * (passes > 0)}
        | {"nll": 0.4, "ece": 0.1}
        for own in at
        for passes in (0, 50, 100)
    ]
    memorised = [
        own | {"variant": variant, "seen": seen + noise(6)[own["split"]], "unseen": 0.1}
        for own in at
        for variant, seen in (("baseline", 0.5), ("early_stopping", 0.12 if effect > 0 else 0.9))
    ]
    places = [("a", 100, effect), ("b", 1000, -1.0)]
    differences = [
        {
            "condition": cell,
            "train_size": size,
            "width": 8,
            "label_noise": 0.0,
            "first": "l2",
            "second": "dropout",
        }
        | {"estimate": sign, "low": sign - 0.1, "high": sign + 0.1, "n": 6, "p_value": 0.001, "p_holm": 0.01}
        for cell, size, sign in places
    ]
    return {
        "runs": runs(effect),
        "tradeoff/slopes": pd.DataFrame(slopes),
        "tradeoff/paths": pd.DataFrame(paths),
        "weights/spread": spread(effect),
        "dropout/errors": pd.DataFrame(
            own | {"variant": v, "share": 0.5, "rise": 20 - 8 * sign + noise(7)[own["split"]]}
            for own in at
            for v, sign in both
        ),
        "dropout/correlation": pd.DataFrame(
            own | {"variant": v, "correlation": 0.1} for own in at for v, _ in both
        ),
        "dropout/scores": pd.DataFrame(scores),
        "dropout/duration": pd.DataFrame(
            own
            | {"variant": v}
            | dict.fromkeys(("epochs", "best_epoch"), 20 + 9 * sign + noise(8)[own["split"]])
            for own in at
            for v, sign in both
        ),
        "early_stopping/rises": pd.DataFrame(
            own
            | {
                "loss_rise": 0.5 * effect + noise(9)[own["split"]],
                "error_rise": effect + noise(9)[own["split"]],
            }
            for own in at
        ),
        "early_stopping/memorised": pd.DataFrame(memorised),
        "early_stopping/stops": pd.DataFrame(
            own
            | {"criterion": c, "patience": 5, "stopped": 20, "epochs_saved": 40}
            | {"loss_regret": 0.01, "error_regret": 0.2}
            for own in at
            for c in ("cross_entropy", "error")
        ),
        "batch_norm/runs": pd.DataFrame({"learning_rate": np.logspace(-4, 1, 11)}),
        "batch_norm/summary": by_network(effect).assign(best_error=50.0),
        "batch_norm/shift": by_network(effect),
        "textbook/pairs": pd.DataFrame(
            own | {"metric": "test_error", "difference": -effect + noise(10)[own["split"]]} for own in at
        ),
        "choice/differences": pd.DataFrame(differences),
        "choice/winners": pd.DataFrame(
            {"condition": ["a", "b"], "best": ["l2", "l2"], "tied": [None, "dropout"]}
        ),
    }


CLAIMS = {claim.number: claim for question in questions.discover() for claim in question.claims}
ASKED_IN = {claim.number: q.name for q in questions.discover() for claim in q.claims}


def of(number: str, tables: Tables) -> Tables:
    """The tables as the question of a claim sees them: its own by name, and the study's."""
    prefix = f"{ASKED_IN[number]}/"
    own = {name.removeprefix(prefix): table for name, table in tables.items() if name.startswith(prefix)}
    return own | {"study/runs": tables.get("runs", runs(1.0))}


def test_the_claims_are_those_of_the_source_text() -> None:
    """Questions 1 to 9, some in parts; the rules are the docstring of their claims."""
    assert {number.rstrip("abcde") for number in CLAIMS} == set("123456789")
    for question in questions.discover():
        text = (Path(questions.__file__).parent / question.name / "claims.py").read_text(encoding="utf-8")
        assert re.match(r'"""Claims? \d', text), question.name


@pytest.mark.parametrize("number", CLAIMS)
def test_made_up_data_that_bear_a_claim_out_support_it(number: str) -> None:
    claim, tables = CLAIMS[number], made_up(1.0)
    evidence = claim.evidence(of(claim.number, tables))
    assert {one.outcome for one in evidence} <= {Outcome.HOLDS, Outcome.UNKNOWN}
    verdict = claim.verdict(evidence)
    # One axis of three is there in the made-up tables.
    assert verdict is (Verdict.INCONCLUSIVE if number == "9" else Verdict.SUPPORTED)
    row = judged.verdict_table([(claim, evidence)], of(number, tables)).iloc[0]
    assert re.search(r"Holds in \d+ of \d+", row.finding)


@pytest.mark.parametrize("number", [number for number in CLAIMS if number != "9"])
def test_the_opposite_refutes_it(number: str) -> None:
    claim = CLAIMS[number]
    evidence = claim.evidence(of(number, made_up(-1.0)))
    assert {one.outcome for one in evidence} <= {Outcome.REVERSED, Outcome.ABSENT}
    assert claim.verdict(evidence) is Verdict.REFUTED


def test_one_method_ahead_everywhere_is_no_reversal() -> None:
    evidence = CLAIMS["9"].evidence(of("9", made_up(-1.0)))
    assert evidence[0].outcome is Outcome.ABSENT
    assert evidence[0].endpoint == "one method is the best throughout"


def test_one_method_ahead_at_one_width_alone_is_not_throughout() -> None:
    """At 128 units `l2` is surely better with both shares of wrong labels; at 32 nothing is sure."""
    rows = [
        {
            "first": "l2",
            "second": "dropout",
            "condition": f"{width} {noise}",
            "train_size": 1000,
            "width": width,
        }
        | {"label_noise": noise, "estimate": -1.0, "low": -1.5, "high": -0.5, "n": 3, "p_holm": p}
        for width, p in ((32, 0.5), (128, 0.001))
        for noise in (0.0, 0.2)
    ]
    tables = {"choice/differences": pd.DataFrame(rows)}
    outcomes = {one.condition: one.outcome for one in CLAIMS["9"].evidence(of("9", tables))}
    assert outcomes["label noise"] is Outcome.UNKNOWN
    surely = tables["choice/differences"].assign(p_holm=0.001)
    outcomes = {
        one.condition: one.outcome for one in CLAIMS["9"].evidence(of("9", {"choice/differences": surely}))
    }
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
    table = judged.verdict_table([(CLAIMS[number], evidence)], of(number, empty))
    assert table.verdict.tolist() == ["inconclusive"]


def test_inits_are_averaged_before_pairing() -> None:
    table = pd.DataFrame(
        {"setting": "s", "variant": variant, "split": split, "init": init, "score": score}
        for variant, scores in (("drop", (1, 3, 5, 7, 2, 4)), ("baseline", (1, 1, 1, 1, 0, 2)))
        for (split, init), score in zip([(d, i) for d in range(3) for i in (0, 1)], scores, strict=True)
    )
    assert paired_by_split(table, "s", "score", "drop").tolist() == [1.0, 5.0, 2.0]
    one = table[table.split == 0]
    assert paired_by_split(one, "s", "score", "drop").tolist() == [0.0, 2.0]  # the inits are the replicates
    with pytest.raises(ValueError, match="on the same replicates"):
        paired_by_split(table.drop(index=[0, 1]), "s", "score", "drop")


@pytest.mark.parametrize(("number", "table"), [("6a", "early_stopping/rises"), ("8", "textbook/pairs")])
def test_of_a_single_training_set_the_inits_are_the_replicates(number: str, table: str) -> None:
    tables = made_up(1.0)
    single = tables | {table: tables[table].assign(split=0, init=tables[table].split)}
    assert CLAIMS[number].evidence(of(number, single)) == CLAIMS[number].evidence(of(number, tables))


def test_of_several_training_sets_the_inits_of_the_textbook_program_are_averaged() -> None:
    tables = made_up(1.0)
    pairs = tables["textbook/pairs"]
    twice = pd.concat([pairs.assign(difference=pairs.difference - 1), pairs.assign(init=1)])
    told = {"textbook/pairs": twice}
    (one,) = CLAIMS["8"].evidence(of("8", told))
    assert one.n == len(SPLITS)
    assert one.estimate == pytest.approx(0.5 - pairs.difference.mean())
    assert f"over {len(SPLITS)} training sets;" in CLAIMS["8"].finding(of("8", told), [one])


def test_two_cells_that_an_axis_does_not_tell_apart_are_no_reversal_along_it() -> None:
    rows = made_up(1.0)["choice/differences"]
    same = {"choice/differences": rows.assign(train_size=[1000, 1000])}
    assert CLAIMS["9"].evidence(of("9", same))[0].outcome is Outcome.UNKNOWN
    third = pd.concat(
        [same["choice/differences"], rows[rows.condition == "b"].assign(condition="c", train_size=500)]
    )
    assert (
        CLAIMS["9"].evidence(of("9", {"choice/differences": third}))[0].endpoint.endswith("between a and c")
    )


def piece(condition: str, outcome: Outcome) -> Evidence:
    p = {Outcome.HOLDS: (0.0, 1.0), Outcome.REVERSED: (0.0, 1.0), Outcome.ABSENT: (1.0, 0.0)}.get(
        outcome, (1.0, 1.0)
    )
    estimate = -1.0 if outcome is Outcome.REVERSED else 1.0
    return Evidence(condition, "error", "points", estimate, 0.0, 2.0, 5, *p, 0.1)


def test_a_sentence_names_where_it_does_not_hold() -> None:
    found = [piece("a", Outcome.HOLDS), piece("b", Outcome.REVERSED), piece("c", Outcome.UNKNOWN)]
    assert judged.counted(found) == "Holds in 1 of 3; the opposite: b (error); cannot be told: c (error)."
    many = [piece(str(number), Outcome.ABSENT) for number in range(6)]
    assert judged.counted(many).endswith("3 (error) and 2 more.")


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


def test_how_well_the_plain_network_learned_is_said() -> None:
    tables = made_up(1.0)
    claim = CLAIMS["7e"]
    summary = tables["batch_norm/summary"].assign(best_error=90.0)
    plain = summary.variant == "baseline"
    summary.loc[plain, "best_error"] = 40.0 + summary[plain].split
    told = claim.finding(
        of(claim.number, tables | {"batch_norm/summary": summary}), claim.evidence(of(claim.number, tables))
    )
    mean = 40.0 + summary[plain].split.mean()
    names = summary.network.unique()
    assert told.endswith(
        f" The plain network's validation error at its best rate is "
        f"{', '.join(f'{mean:.1f} % on {name}' for name in names)}."
    )


@pytest.mark.parametrize("make", [lambda: made_up(1.0)])
def test_the_evidence_is_a_row_a_condition(make: Callable[[], Tables]) -> None:
    tables = make()
    found = [(claim, claim.evidence(of(claim.number, tables))) for claim in CLAIMS.values()]
    table = judged.evidence_table(found)
    assert len(table) == sum(len(evidence) for _, evidence in found)
    assert set(table.outcome) <= {"holds", "unknown"}


def test_a_sentence_rounds_what_the_table_says() -> None:
    """The mean of these is .085, in binary a little below; a reader rounds the .085 of the table."""
    pairs = pd.DataFrame({"difference": [-0.03, -0.29, 0.065], "init": range(3)})
    pairs = pairs.assign(metric="test_error", split=0)
    claim = CLAIMS["8"]
    tables = {"textbook/pairs": pairs}
    assert f"{claim.evidence(of(claim.number, tables))[0].estimate:.2f}" == "0.08"
    (one,) = claim.judged_by(of(claim.number, tables))
    written = judged.evidence_table([(claim, [one])])
    assert written.estimate[0] == 0.085
    assert claim.finding(of(claim.number, tables), [one]).startswith("Dropout lowers the error by 0.09 [")


def test_a_reversed_shift_is_split_at_the_plain_networks_first_epochs() -> None:
    """The plain network hardly turns in 2 of 8 epochs; there it shifts 100 times less, later as much."""
    rows = [
        {"network": "deep", "variant": variant, "split": split, "epoch": epoch, "shift_cosine": 0.5}
        | {"shift_relative": level * 10 ** noise(11, epoch, int(variant == "baseline"))[split]}
        for split in SPLITS
        for epoch in range(1, 9)
        for variant, level in (("batch_norm", 1.0), ("baseline", 0.01 if epoch <= 2 else 1.0))
    ]
    tables = {"batch_norm/shift": pd.DataFrame(rows), "batch_norm/summary": NO_SUMMARY}
    claim = CLAIMS["7c"]
    told = claim.finding(of(claim.number, tables), claim.evidence(of(claim.number, tables)))
    found = re.search(
        r"The relative shift on deep is (\S+) \[.+?\] decades over epochs 1 to 2, while the plain network's "
        r"is below 0.1 of its median over the second half of training, and (\S+) \[.+?\] decades after",
        told,
    )
    assert found
    assert float(found[1]) == pytest.approx(-2, abs=0.02)
    assert float(found[2]) == pytest.approx(0, abs=0.02)
    late = tables["batch_norm/shift"].assign(shift_relative=lambda t: t.shift_relative.clip(lower=0.2))
    evidence = claim.evidence(of(claim.number, tables))
    assert "epochs 1 to" not in claim.finding(of(claim.number, tables | {"batch_norm/shift": late}), evidence)
