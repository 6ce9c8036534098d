"""Overfitting: the rows that are shown, the rules and the sentences, from made-up tables."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.claim import Claim, Definition
from pipeline.questions.overfitting import answer, measure
from pipeline.questions.overfitting.claims import CLAIMS
from pipeline.questions.overfitting.draw import draw
from pipeline.questions.study import TABLES, Study
from pipeline.questions.verdicts import evidence_table, judge
from pipeline.science.levels import PERCENT
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from pipeline.system.files import write_table
from tests import asking
from tests.questions import gaps as made_up
from tests.questions.gaps import Tables, curves, gaps, memorised
from tests.questions.made import SPLITS, noise

QUESTION = Question("overfitting")
BY_NUMBER = {claim.number: claim for claim in CLAIMS}
GAPS = ("cross_entropy_gap", "error_gap")
SCORES = ("test_cross_entropy", "test_error")


def claim(number: str) -> Claim:
    found = BY_NUMBER[number]
    assert isinstance(found, Claim)
    return found


def runs(setting: str = "small", **falls: float) -> pd.DataFrame:
    """Runs in which every variant lowers both gaps and both scores by so much."""
    rows = []
    for place, (variant, fall) in enumerate({"baseline": 0.0, **falls}.items()):
        wobble = noise(1, place) - noise(1, place).mean()
        for split in SPLITS:
            for init in (0, 1):
                value = 5.0 - fall + wobble[split] + (0.5 - init)
                replicate = {"setting": setting, "variant": variant, "split": split, "init": init}
                rows.append(replicate | dict.fromkeys((*GAPS, *SCORES), value))
    return pd.DataFrame(rows)


@pytest.fixture
def tables() -> Tables:
    return made_up.tables()


# ---- what is shown ----


@pytest.fixture
def study(raw_params: dict[str, Any], tmp_path: Path) -> Study:
    """A study of `small`, which holds images out, and `blind`, which does not; its tables are written."""
    alike = pd.concat([runs(drop=1.0), runs("blind", drop=2.0)])
    write_table(tmp_path / TABLES / "alike.csv", alike.drop(columns=list(SCORES)))
    training = curves(["baseline", "drop"])
    other = training[training.metric == "train_cross_entropy"].assign(metric="train_error")
    write_table(
        tmp_path / TABLES / "curves.csv", pd.concat([training, other, training.assign(setting="blind")])
    )
    return Study(tmp_path, asking.check(raw_params), QUESTION)


def test_the_gaps_and_the_curves_that_are_shown(study: Study) -> None:
    tables = measure.measure(study)
    shown = tables["gaps"]
    assert shown[["setting", "variant"]].to_numpy().tolist() == [
        [setting, variant] for setting in ("small", "blind") for variant in ("baseline", "drop")
    ]
    assert shown.estimate.tolist() == pytest.approx([5.0, 4.0, 5.0, 3.0])
    arm = 2.570582 * noise(1, 0).std(ddof=1) / np.sqrt(6)  # Student's t at 97.5 %, 5 degrees of freedom
    assert (shown.low[0], shown.high[0], shown.n[0]) == pytest.approx((5 - arm, 5 + arm, 6))
    assert set(shown.metric) == {"cross_entropy_gap"}
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


def test_who_adds_a_penalty_to_the_loss(raw_params: dict[str, Any]) -> None:
    """Not weight decay, nor L1 by proximal steps, though these are of the same family."""
    raw_params["variants"] |= {
        "sparse": {"l1": {"strength": 0.1, "proximal": True}},
        "decayed": {"weight_decay": {"rate": 0.1}},
        "both": {"dropout": {"rate": 0.5}, "l2": {"strength": 0.1}},
    }
    adding = dict(measure.penalties(asking.check(raw_params)))
    assert adding == {
        **dict.fromkeys(("ridge", "elastic", "probed", "plain", "both"), True),
        **dict.fromkeys(("drop", "sparse", "decayed"), False),
    }


# ---- the rules ----


def test_every_variant_in_every_setting_is_a_condition_in_both_gaps() -> None:
    table = pd.concat([runs(drop=1.0, ridge=0.5, tuned_baseline=3.0), runs("noisy", drop=1.0)])
    evidence = claim("1b").evidence({"study/alike": table})
    assert [(piece.condition, piece.endpoint, piece.unit, piece.margin) for piece in evidence] == [
        ("drop in small", "gap of the cross-entropy", "nats", 0.01),
        ("ridge in small", "gap of the cross-entropy", "nats", 0.01),
        ("drop in small", "gap of the error", "points", 0.1),
        ("ridge in small", "gap of the error", "points", 0.1),
        ("drop in noisy", "gap of the cross-entropy", "nats", 0.01),
        ("drop in noisy", "gap of the error", "points", 0.1),
    ]
    assert [piece.estimate for piece in evidence] == pytest.approx([1.0, 0.5, 1.0, 0.5, 1.0, 1.0])
    assert {piece.n for piece in evidence} == {len(SPLITS)}


def test_the_gap_is_that_of_alike_labels() -> None:
    """The recorded gap, of wrong training labels and right test labels, plays no part."""
    tables = {"study/alike": runs("noisy", drop=1.0), "study/runs": runs("noisy", drop=-9.0)}
    assert {piece.outcome for piece in claim("1b").evidence(tables)} == {Outcome.HOLDS}


def test_a_narrowing_below_the_margin_is_none() -> None:
    nats, points = claim("1b").evidence({"study/alike": runs(drop=0.05)})
    assert (nats.outcome, points.outcome) == (Outcome.HOLDS, Outcome.ABSENT)


def test_the_finding_is_the_widest_narrowing_and_the_tuned_baselines() -> None:
    tables = {"study/alike": pd.concat([runs(ridge=0.5, drop=1.0, norm=-2.0, tuned_baseline=0.7)])}
    evidence = claim("1b").evidence(tables)
    widest = next(piece for piece in evidence if piece.condition == "drop in small")
    assert claim("1b").finding(tables, evidence) == (
        f"The gap in cross-entropy narrows most, by 1.000 [{widest.low:.3f}, {widest.high:.3f}] nats, with "
        "drop in small. It is narrower than that of the tuned baseline, too, in 1 of 3 conditions."
    )
    assert claim("1b").finding(tables, []) == ""


def test_memorising_is_what_is_put_out_of_seen_beyond_unseen_images() -> None:
    table = memorised(baseline=0.9, tuned_baseline=0.5, drop=0.3, ridge=0.85, norm=0.99)
    table.loc[table.variant == "norm", "unseen"] = 0.6  # it puts out many wrong labels of any images
    evidence = claim("1c").evidence({"study/memorised": table})
    assert [piece.condition for piece in evidence] == ["drop in noisy", "ridge in noisy", "norm in noisy"]
    assert [piece.estimate for piece in evidence] == pytest.approx([0.6, 0.05, 0.41])
    assert [piece.outcome for piece in evidence] == [Outcome.HOLDS, Outcome.ABSENT, Outcome.HOLDS]
    assert "trained on 80 points more often" in claim("1c").finding({"study/memorised": table}, evidence)


def test_unseen_data_are_judged_against_both_rivals() -> None:
    """Better than the tuned baseline alone is not better."""
    tables = {"study/runs": runs(drop=-1.0, tuned_baseline=-2.0)}
    evidence = claim("1d").evidence(tables)
    assert [(piece.endpoint, piece.outcome) for piece in evidence] == [
        (f"{score}, against {rival}", outcome)
        for rival, outcome in (
            ("the same training without it", Outcome.REVERSED),
            ("the tuned baseline", Outcome.HOLDS),
        )
        for score in ("test cross-entropy", "test error")
    ]
    assert claim("1d").verdict(claim("1d").judged_by(tables)) is Verdict.CONDITIONAL
    assert claim("1d").finding(tables, evidence) == (
        "Against the same training without it the test error is lower in none of 1 conditions and higher in "
        "1; against the tuned baseline the test error is lower in 1 of 1 conditions and higher in none."
    )


def test_a_planned_narrowing_is_found_among_as_many_comparisons() -> None:
    """Twelve variants in four settings: a fall of .5 points with a spread of .3 on sixteen training sets."""
    rng = np.random.default_rng(3)
    rows = [
        {"setting": f"s{setting}", "variant": f"v{variant}" if variant else "baseline", "split": split}
        | {"cross_entropy_gap": 1.0 - 0.05 * bool(variant) + 0.02 * rng.normal()}
        | {"error_gap": 9.0 - 0.5 * bool(variant) + 0.2 * rng.normal()}
        for setting in range(4)
        for variant in range(13)
        for split in range(16)
    ]
    evidence = claim("1b").judged_by({"study/alike": pd.DataFrame(rows)})
    assert len(evidence) == 96
    assert sum(piece.outcome is Outcome.HOLDS for piece in evidence) >= 0.8 * 96


# ---- the definition ----


def covered(tables: Tables) -> str:
    definition = BY_NUMBER["1a"]
    assert isinstance(definition, Definition)
    return definition.covers(tables)


def test_the_definition_is_held_against_the_methods_that_add_no_penalty() -> None:
    added = [("ridge", True), ("drop", False), ("stop", False), ("norm", False)]
    methods = pd.DataFrame(added, columns=["variant", "penalty"])
    gaps = pd.concat([runs(ridge=1.0, drop=1.0, stop=1.0, norm=-1.0), runs("noisy", drop=1.0, stop=-1.0)])
    assert covered({"methods": methods, "study/alike": gaps}) == (
        "Of 4 variants, `ridge` adds a penalty to the loss. Of those that do not, `drop` narrows the gap in "
        "cross-entropy in every setting; `stop` narrows it in some settings; `norm` narrows it in none. So "
        "the definition covers only a part of what is studied here."
    )
    only = methods[methods.penalty]
    assert covered({"methods": only, "study/alike": gaps}) == (
        "Of 1 variant, `ridge` adds a penalty to the loss."
    )


# ---- the sentences ----


def test_the_gap_opens_after_the_lowest_validation_loss(tables: Tables) -> None:
    assert answer.gap("small", tables) == (
        "In `small` the gap in cross-entropy is 0.419 [0.319, 0.619] nats without regularization, 0.350 "
        "[0.250, 0.550] with the tuned baseline, and 0.100 [0.000, 0.300] with `stop`, the narrowest of the "
        "methods. On average, the baseline's validation cross-entropy is lowest after epoch 2 of 3: 0.500 "
        "nats, and 0.300 in training. At the end it is 0.700, and 0.100 in training."
    )


def test_a_setting_without_tuning_or_curves_says_less(tables: Tables) -> None:
    assert answer.gap("blind", tables) == (
        "In `blind` the gap in cross-entropy is 1.000 [0.900, 1.200] nats without regularization, and 0.500 "
        "[0.400, 0.700] with `drop`, the narrowest of the methods."
    )
    tables["gaps"] = gaps({"baseline": 1}, "blind")
    assert answer.gap("blind", tables).endswith("nats without regularization.")


def judged(tables: Tables) -> pd.DataFrame:
    claims = [each for each in CLAIMS if isinstance(each, Claim)]
    return evidence_table(judge(claims, tables))


def test_the_answer_names_what_narrows_memorises_and_helps(study: Study, tables: Tables) -> None:
    own = runs(drop=1.0, ridge=1.0, norm=-1.0, tuned_baseline=1.5)
    own.loc[own.variant == "drop", list(SCORES)] -= 1.0
    tables |= {"study/alike": own, "study/runs": own}
    values = answer.values(study, tables, judged(tables))
    assert values["answer"] == (
        "Measured by cross-entropy, `drop` and `ridge` narrow the gap in every setting; `norm` narrows it in "
        "none. In `noisy` the network without regularization learns 80% of the wrong labels by heart; with "
        "`drop` it is 20%, and with `ridge` 50%. The test error is lower than that of both baselines, "
        "untuned and tuned, with `drop` in `small`."
    )
    assert [sentence[:11] for sentence in values["gaps"]] == ["In `small` ", "In `blind` "]
    assert values["curved"] == ["small"]
    assert values["lead"] == (
        "Every method but `norm` narrows the gap in cross-entropy in every setting. Only `drop` lowers the "
        "test error below that of both baselines in some setting."
    )


def test_nothing_better_than_both_baselines_is_said(study: Study, tables: Tables) -> None:
    own = runs(drop=1.0, tuned_baseline=1.5)
    tables |= {
        "study/alike": own,
        "study/runs": own,
        "study/memorised": memorised().reindex(
            columns=["setting", "variant", "split", "init", "seen", "unseen"]
        ),
    }
    said = answer.values(study, tables, judged(tables))["answer"]
    assert said.endswith("No method lowers the test error below that of both baselines.")
    assert "noisy" not in said


def test_the_page_shows_the_figures_that_are_drawn(study: Study, tables: Tables) -> None:
    own = runs(drop=1.0)
    tables |= {"study/alike": own, "study/runs": own}
    values = answer.values(study, tables, judged(tables))
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    figures = {f"questions/overfitting/{name}.png" for name in draw(tables)}
    assert set(re.findall(r"\((\S+\.png)\)", page)) == figures
    linked = set(re.findall(r"\((\S+\.csv)\)", page))
    assert linked == {f"questions/overfitting/{name}.csv" for name in ("gaps", "curves")}


def test_a_study_without_anything_to_judge_is_inconclusive() -> None:
    nothing = {"study/alike": runs(), "study/runs": runs(), "study/memorised": memorised(baseline=0.9)}
    for number in ("1b", "1c", "1d"):
        evidence = claim(number).judged_by(nothing)
        assert claim(number).verdict(evidence) is Verdict.INCONCLUSIVE
        claim(number).finding(nothing, evidence)
