"""The questions in `params.yaml`: what is impossible together, and one switch for everything."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import params, questions
from pipeline.system.errors import UserError
from tests import asking

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]

FAULTS: dict[str, tuple[Raw, str]] = {
    "unknown setting": (
        {"questions.choice.settings": ["nope"]},
        "questions.choice.settings: expected one of small, blind, received 'nope'",
    ),
    "unknown variant": (
        {"questions.tradeoff.variants": ["nope"]},
        "questions.tradeoff.variants: expected one of drop, ridge, elastic, probed, plain, received 'nope'",
    ),
    "name taken": (
        {"questions.choice.conditions": {"small": {"train_size": 30}}},
        "questions.choice.conditions.small: expected another name, for a setting is called so",
    ),
    "nothing held out": (
        {"questions.tradeoff.settings": ["small", "blind"], "settings.blind.splits": 3}
        | {
            "settings.blind.variants": ["drop", "probed"],
            "settings.blind.overrides.probed": {"l1": {"strength": 0.1}},
        },
        "questions.tradeoff.settings: expected settings that hold images out, received 'blind'",
    ),
    "too many sets": (
        {"questions.batch_norm.splits": 4},
        "questions.batch_norm.splits: expected at most the 3 training sets of small, received 4",
    ),
    "not every setting has it": (
        {"settings.small.variants": ["drop", "ridge"]},
        "questions.tradeoff.variants: expected variants that small takes, received 'probed'",
    ),
    "two strengths": (
        {"questions.tradeoff.variants": ["elastic"]},
        "questions.tradeoff.variants: expected variants of one regularizer with one field, its strength, "
        "received 'elastic'",
    ),
    "weights of another kind": (
        {"variants.normed": {"batch_norm": {"momentum": 0.9}}, "questions.tradeoff.variants": ["normed"]},
        "questions.tradeoff.variants: expected variants without normalization, received 'normed'",
    ),
    "twice": (
        {"questions.choice.variants": ["probed", "probed"]},
        "questions.choice.variants: expected names that differ, received ['probed', 'probed']",
    ),
    "a method that a setting has not": (
        {"settings.small.variants": ["drop", "probed"], "questions.choice.variants": ["probed", "ridge"]},
        "questions.choice.variants: expected variants that small takes, received 'ridge'",
    ),
    "tuned": (
        {"questions.batch_norm.variant": "probed"},
        "questions.batch_norm.variant: expected a variant with a single candidate, received 'probed'",
    ),
    "position": (
        {"questions.choice.candidates": [0, 2]},
        "questions.choice.candidates: expected positions below 2, the candidates in tuning.baseline, "
        "received 2",
    ),
    "size": (
        {"questions.choice.conditions.wider.train_size": 20_000},
        "questions.choice.conditions.wider.train_size: expected 4 training sets, tuning included, of at most "
        "59900 images together, received 4 x 20000 = 80000",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_contradiction_is_said(edited: Edited, name: str) -> None:
    changes, line = FAULTS[name]
    with pytest.raises(UserError) as refused:
        asking.check(edited(changes))
    assert f"params.yaml: {line}" in str(refused.value).splitlines()


def test_the_choice_takes_several_training_sets(edited: Edited, raw_params: Raw) -> None:
    single = raw_params["settings"]["small"] | {"splits": 1, "inits": 3}
    with pytest.raises(UserError) as refused:
        asking.check(edited({"settings.single": single, "questions.choice.settings": ["small", "single"]}))
    (line,) = str(refused.value).splitlines()
    assert line.endswith(
        "questions.choice.settings: expected settings of several training sets, received 'single'"
    )


def test_a_path_may_have_a_single_strength(raw_params: Raw, edited: Edited) -> None:
    """`dvc exp run -S variants.l2.l2.strength=0.01`, where the question follows l2."""
    study = asking.check(edited({"variants.probed.l1.strength": 0.001}))
    assert len(study.candidates("small")["probed"]) == 1


def test_every_setting_is_drawn_with_the_sets_to_choose_on(raw_params: Raw) -> None:
    drawn = asking.check(raw_params).draws().items()
    found = {name: (setting.splits, trials) for name, (setting, trials) in drawn}
    assert found == {"small": (3, 2), "blind": (1, 0), "wider": (3, 1), "noisier": (3, 1)}


def test_a_stage_trains_the_baseline_and_every_variant(raw_params: Raw) -> None:
    assert asking.check(raw_params).stages == ["baseline", *raw_params["variants"]]


def test_a_question_that_is_gone_leaves_an_unknown_key(raw_params: Raw) -> None:
    sections = {name: kind for name, kind in asking.SECTIONS.items() if name != "textbook"}
    with pytest.raises(UserError) as refused:
        params.check(raw_params, sections)
    (line,) = str(refused.value).splitlines()
    assert line == f"params.yaml: questions.textbook: unknown key, expected one of {', '.join(sections)}"


def test_a_question_without_a_section_is_not_asked(raw_params: Raw) -> None:
    given = list(raw_params["questions"])
    del raw_params["questions"]["batch_norm"]
    asked = [question.name for question in questions.asked(asking.check(raw_params))]
    assert sorted([*asked, "batch_norm"]) == sorted(given)


def test_a_section_without_a_value_is_a_fault(raw_params: Raw) -> None:
    raw_params["questions"]["textbook"] = None
    with pytest.raises(UserError, match=r"^params.yaml: questions.textbook: expected a mapping.*None$"):
        asking.check(raw_params)


def test_a_study_asks_something(raw_params: Raw) -> None:
    raw_params["questions"] = {}
    with pytest.raises(UserError) as refused:
        asking.check(raw_params)
    assert str(refused.value) == (
        "params.yaml: questions: expected at least one question to ask, received none"
    )


# ---- scale ----


def test_one_switch_multiplies_training_sets_or_the_inits_of_a_single_one(edited: Edited) -> None:
    study = asking.check(edited({"scale": 4}))
    assert {name: (s.splits, s.inits) for name, s in study.settings.items()} == {
        "small": (12, 2),
        "blind": (1, 12),
    }
    asked = study.questions
    assert (asked.tradeoff.splits, asked.weights.splits, asked.batch_norm.splits) == (12, 12, 12)
    assert {setting.splits for setting, _ in asked.choice.drawn(study).values()} == {12}


def test_no_more_than_the_images_allow(edited: Edited) -> None:
    """59,900 images make 11 training sets of 5,000; two are to choose on, in `choice` one."""
    study = asking.check(edited({"scale": 4, "settings.small.train_size": 5000}))
    assert study.settings["small"].splits == 9
    assert study.questions.tradeoff.splits == 9
    conditions = study.questions.choice.drawn(study).values()
    assert {setting.splits for setting, _ in conditions} == {10}


def test_what_is_enlarged_is_valid(edited: Edited) -> None:
    study = asking.check(edited({"scale": 50, "settings.small.train_size": 1000}))
    for setting, trials in study.draws().values():
        assert (setting.splits + trials) * setting.train_size <= 59_900
