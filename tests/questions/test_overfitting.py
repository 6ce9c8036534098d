"""Overfitting: the rows that are shown, the rule and the sentences, from made-up tables."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.overfitting import answer, measure
from pipeline.questions.overfitting.claims import CLAIMS, MARGINS
from pipeline.questions.overfitting.draw import draw
from pipeline.questions.study import TABLES, Study
from pipeline.science.levels import PERCENT
from pipeline.science.verdicts import Outcome
from pipeline.system import markdown
from pipeline.system.files import write_table
from tests import asking
from tests.questions import gaps as made_up
from tests.questions import made
from tests.questions.gaps import Tables, curves, differences, gaps
from tests.questions.made import SPLITS, noise

QUESTION = Question("overfitting")
(CLAIM,) = CLAIMS


@pytest.fixture
def tables() -> Tables:
    return made_up.tables()


# ---- what is shown ----


@pytest.fixture
def study(raw_params: dict[str, Any], tmp_path: Path) -> Study:
    """A study of `small`, which holds images out, and `blind`, which does not; its tables are written."""
    names = ("test_error", "cross_entropy_gap")
    summary = [
        gaps({"baseline": 0.4, "drop": 0.2}, s).assign(metric=m) for s in ("small", "blind") for m in names
    ]
    write_table(tmp_path / TABLES / "summary.csv", pd.concat(summary))
    training = curves(["baseline", "drop"])
    other = training[training.metric == "train_cross_entropy"].assign(metric="train_error")
    write_table(
        tmp_path / TABLES / "curves.csv", pd.concat([training, other, training.assign(setting="blind")])
    )
    return Study(tmp_path, asking.check(raw_params), QUESTION)


def test_the_gaps_and_the_curves_that_are_shown(study: Study) -> None:
    tables = measure.measure(study)
    assert tables["gaps"][["setting", "variant", "estimate"]].to_numpy().tolist() == [
        [setting, variant, estimate]
        for setting in ("small", "blind")
        for variant, estimate in (("baseline", 0.4), ("drop", 0.2))
    ]
    assert set(tables["gaps"].metric) == {"cross_entropy_gap"}
    assert set(tables["curves"].setting) == {"small"}
    assert set(tables["curves"].metric) == {"train_cross_entropy", "validation_cross_entropy"}
    assert len(tables["curves"]) == 2 * 2 * 3


def test_the_families_come_in_the_order_of_the_declared_variants(study: Study) -> None:
    families = measure.measure(study)["families"]
    assert families.to_numpy().tolist() == [
        ["baseline", "baseline"],
        ["tuned_baseline", "baseline"],
        ["drop", "noise"],
        ["ridge", "weights"],
        ["elastic", "weights"],
        ["probed", "weights"],
        ["plain", "weights"],
    ]


# ---- the rule ----


def runs(setting: str = "small", **falls: float) -> pd.DataFrame:
    """Runs in which every variant lowers both gaps by so much."""
    rows = [
        {"setting": setting, "variant": variant, "split": split, "init": init}
        | dict.fromkeys(MARGINS, 5.0 - fall + noise(1, place)[split] + (0.5 - init))
        for place, (variant, fall) in enumerate({"baseline": 0.0, **falls}.items())
        for split in SPLITS
        for init in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_every_variant_in_every_setting_is_a_condition_in_both_gaps() -> None:
    table = pd.concat([runs(drop=1.0, ridge=0.5, tuned_baseline=3.0), runs("noisy", drop=1.0)])
    evidence = CLAIM.evidence({"study/runs": table})
    assert [(piece.condition, piece.endpoint, piece.unit, piece.margin) for piece in evidence] == [
        ("drop in small", "cross entropy gap", "nats", 0.01),
        ("ridge in small", "cross entropy gap", "nats", 0.01),
        ("drop in small", "error gap", "points", 0.1),
        ("ridge in small", "error gap", "points", 0.1),
        ("drop in noisy", "cross entropy gap", "nats", 0.01),
        ("drop in noisy", "error gap", "points", 0.1),
    ]
    assert [round(piece.estimate, 1) for piece in evidence] == [1.0, 0.5, 1.0, 0.5, 1.0, 1.0]
    assert {piece.n for piece in evidence} == {len(SPLITS)}


def test_a_narrowing_below_the_margin_is_none() -> None:
    nats, points = CLAIM.evidence({"study/runs": runs(drop=0.05)})
    assert (nats.outcome, points.outcome) == (Outcome.HOLDS, Outcome.ABSENT)


def test_the_finding_is_the_widest_narrowing_in_nats() -> None:
    evidence = CLAIM.evidence({"study/runs": runs(ridge=0.5, drop=1.0, norm=-2.0)})
    widest = next(piece for piece in evidence if piece.condition == "drop in small")
    said = CLAIM.finding({}, evidence)
    assert said.endswith(
        f" {widest.estimate:.3f} [{widest.low:.3f}, {widest.high:.3f}] nats (drop in small)."
    )
    assert CLAIM.finding({}, []) == ""


# ---- the sentences ----


def test_the_gap_opens_after_the_lowest_validation_loss(tables: Tables) -> None:
    assert answer.gap("small", tables) == (
        "In `small` the gap in cross-entropy is 0.419 [0.319, 0.619] nats without regularization; 2 of 4 "
        "variants narrow it beyond chance. The baseline's validation cross-entropy is lowest after epoch 2 "
        "of 3, 0.500 nats with 0.300 in training; at the end it is 0.700 with 0.100."
    )


@pytest.mark.parametrize(
    ("variant", "end"), [("drop", "`drop` narrows it"), ("norm", "`norm` does not narrow it")]
)
def test_the_gap_of_a_single_variant_is_said_by_its_name(tables: Tables, variant: str, end: str) -> None:
    tables["study/differences"] = differences([variant], "blind")
    assert answer.gap("blind", tables).endswith(f"; {end} beyond chance.")


def test_the_gap_is_held_against_the_baseline_that_is_not_tuned(tables: Tables) -> None:
    against_both = [
        differences(["drop", "ridge", "tuned_baseline"]),
        differences(["stop"], reference="tuned_baseline"),
    ]
    tables["study/differences"] = pd.concat(against_both)
    assert "; 1 of 2 variants narrow it beyond chance." in answer.gap("small", tables)


def test_no_variant_narrows_it(tables: Tables) -> None:
    tables["study/differences"] = differences(["ridge", "norm"])
    assert "; none of 2 variants narrow it beyond chance." in answer.gap("small", tables)


def evidence(*outcomes: str) -> pd.DataFrame:
    return pd.DataFrame({"claim": "1", "outcome": outcomes})


def test_the_answer_counts_what_was_narrowed_and_widened(study: Study, tables: Tables) -> None:
    values = answer.values(study, tables, evidence("holds", "unknown", "holds", "reversed"))
    assert made.facts(values["answer"]) == "narrowed 2 4 widened 1"
    assert [made.facts(sentence)[:7] for sentence in values["gaps"]] == ["`small`", "`blind`"]
    assert values["curved"] == ["small"]


def test_a_setting_that_compares_nothing_has_no_sentence(study: Study, tables: Tables) -> None:
    tables["study/differences"] = differences(["drop"])
    values = answer.values(study, tables, evidence())
    assert values["answer"] == ""
    assert len(values["gaps"]) == 1


def test_the_page_shows_the_figures_that_are_drawn(study: Study, tables: Tables) -> None:
    values = answer.values(study, tables, evidence("holds"))
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    figures = [f"questions/overfitting/{name}.png" for name in draw(tables)]
    assert re.findall(r"\((\S+\.png)\)", page) == figures
    linked = set(re.findall(r"\((\S+\.csv)\)", page))
    assert linked == {f"questions/overfitting/{name}.csv" for name in ("gaps", "curves")}
