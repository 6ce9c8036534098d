"""The choice: what it asks for, and what a first look keeps of it."""

import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.params.studied import Studied
from pipeline.params.toy import LIMITS
from pipeline.questions.base import Question
from pipeline.questions.choice.settings import Settings
from pipeline.system.errors import UserError
from tests import asking
from tests.asking import dense

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
QUESTION = Question("choice")


def test_the_question_is_asked() -> None:
    assert QUESTION.title == "How to choose?"


def test_a_condition_changes_the_first_setting_and_nothing_else(raw_params: Raw) -> None:
    params = asking.check(raw_params)
    start = params.settings["small"].model_dump(exclude_none=True)
    same = {"splits": 3, "inits": 1, "overrides": {}, "variants": ["probed"]}
    drawn = QUESTION.settings.drawn(params.section("choice"), params)
    assert {name: setting.model_dump(exclude_none=True) for name, (setting, _) in drawn.items()} == {
        "wider": start | same | {"network": dense(32, 8)},
        "noisier": start | same | {"label_noise": 0.1},
    }
    assert {trials for _, trials in drawn.values()} == {1}


def test_every_method_is_asked_for_under_every_condition(edited: Edited) -> None:
    """In the order of the section, candidates included; a variant with a single candidate has no choice.

    The tuned baseline has the candidates at the same places: here epochs of a half and all of three.
    """
    changes = {"variants": ["plain", "probed"], "candidates": [1, 0], "trials": 2}
    params = asking.check(edited({f"questions.choice.{name}": value for name, value in changes.items()}))
    cells = list(QUESTION.cells(params))
    assert [(cell.setting, cell.variant) for cell in cells] == list(
        itertools.product(("wider", "noisier"), ("baseline", "tuned_baseline", "plain", "probed"))
    )
    assert {(cell.label, cell.curves, cell.shift_every) for cell in cells} == {("", False, 0)}
    (plain,), (weak, strong) = params.variants["plain"], params.variants["probed"]
    drawn = params.section("choice").drawn(params)
    for cell in cells:
        if cell.variant == "tuned_baseline":
            trained = [(s.epochs, s.optimizer.learning_rate, mix) for s, mix in cell.candidates]
            assert trained == [(3, 0.01, None), (2, 0.001, None)]
            continue
        mixes = {"baseline": [None], "plain": [plain], "probed": [strong, weak]}[cell.variant]
        assert [mix for _, mix in cell.candidates] == mixes
        assert all(setting == drawn[cell.setting][0] for setting, _ in cell.candidates)
    plans = asking.resolved(params)
    for variant, trials in (("baseline", [0]), ("plain", [0]), ("probed", [2, 2])):
        candidates = plans[variant][f"wider/{variant}/choice"]
        assert [(len(c.trials), len(c.runs)) for c in candidates] == [(count, 3) for count in trials]
    tuned = plans["baseline"]["wider/tuned_baseline/choice"]
    assert [(len(c.trials), len(c.runs)) for c in tuned] == [(2, 3), (2, 3)]
    chosen_on = [run.split for run in plans["probed"]["wider/probed/choice"][0].trials]
    assert chosen_on == [-1, -2]  # the last of the training sets, which are not reported


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            {"settings": ["small", "blind"]},
            [
                "settings: expected settings that hold images out, received 'blind'",
                "settings: expected settings of several training sets, received 'blind'",
            ],
        ),
        (
            {"conditions.wider.batch_size": 60},
            ["conditions.wider.batch_size: expected at most train_size = 50, received 60"],
        ),
        (
            {"candidates": [5, 1, 2]},
            ["candidates: expected positions below 2, the candidates in tuning.baseline, received 5"],
        ),
        (
            {"conditions.wider.variants": ["drop"], "conditions.noisier.validation_size": 101},
            [
                "conditions.wider.variants: expected one of probed, received 'drop'",
                "conditions.noisier.validation_size: expected at most data.validation = 100, received 101",
            ],
        ),
    ],
)
def test_what_it_cannot_work_with_is_said(edited: Edited, changes: Raw, lines: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        asking.check(edited({f"questions.choice.{name}": value for name, value in changes.items()}))
    assert str(refused.value).splitlines() == [f"params.yaml: questions.choice.{line}" for line in lines]


def test_a_condition_may_have_a_network_of_any_depth(edited: Edited) -> None:
    params = asking.check(edited({"questions.choice.conditions.wider.network": dense(8)}))
    drawn = params.section("choice").drawn(params)
    assert drawn["wider"][0].network.network.depth == 1


def test_a_network_must_offer_what_the_methods_of_its_condition_need(edited: Edited) -> None:
    maps = {
        "variants.maps": {"spatial_dropout": {"rate": 0.2}},
        "settings.small.variants": ["probed", "maps"],
    }
    conv = {"conv": {"filters": [2], "kernel": 3, "dense": 4, "activation": "relu"}}
    changes = maps | {"settings.small.network": conv, "questions.choice.variants": ["probed", "maps"]}
    with pytest.raises(UserError) as refused:
        asking.check(edited(changes))
    assert (
        "params.yaml: questions.choice.conditions.wider.network: expected one that offers maps, which maps "
        "needs, received dense"
    ) in str(refused.value).splitlines()
    fewer = {"questions.choice.conditions.wider.variants": ["probed"]}
    with pytest.raises(UserError) as refused:
        asking.check(edited(changes | fewer))
    told = str(refused.value)
    assert "conditions.noisier" not in told  # has the network of the setting
    assert "conditions.wider" not in told


def test_a_condition_may_compare_some_of_the_variants(edited: Edited) -> None:
    changes = {
        "questions.choice.variants": ["plain", "probed"],
        "questions.choice.conditions.wider.variants": ["plain"],
    }
    cells = list(QUESTION.cells(asking.check(edited(changes))))
    methods = {name: [c.variant for c in cells if c.setting == name] for name in ("wider", "noisier")}
    assert methods == {
        "wider": ["baseline", "tuned_baseline", "plain"],
        "noisier": ["baseline", "tuned_baseline", "plain", "probed"],
    }


def test_every_condition_is_enlarged(edited: Edited) -> None:
    params = asking.check(edited({"scale": 2, "questions.choice.conditions.wider.splits": 4}))
    section = params.section("choice")
    assert {name: setting.splits for name, (setting, _) in section.drawn(params).items()} == {
        "wider": 8,
        "noisier": 6,
    }
    assert (section.trials, section.drawn(params)["wider"][0].network.network.hidden) == (1, [32, 8])


FILE = """\
settings: [first]
variants: [drop, norm]
candidates: [2, 0, 1]  # some
trials: 1
splits: 9
conditions:   # what each changes
  more:    {train_size: 9000, splits: 8}
  noisy:   {label_noise: 0.2, epochs: 90}  # kept
  same:    {train_size: 700}
  again:   {label_noise: 0.2, epochs: 30}
  narrow:  {network: {dense: {hidden: [8]}}, variants: [gone, norm]}
  few:     {train_size: 100, batch_size: 10, variants: [gone]}
  wide:    {network: {dense: {hidden: [99]}}}
"""


def test_a_first_look_has_a_few_conditions_that_differ() -> None:
    section = YAML().load(FILE)
    setting = {
        "train_size": 500,
        "batch_size": 50,
        "network": {"dense": {"hidden": [16]}},
        "label_noise": 0.0,
    }
    content = {"settings": {"first": setting | {"epochs": 3, "splits": 10}, "other": {}}}
    Settings.toy(section, content)
    written = io.StringIO()
    YAML().dump(section, written)
    assert [" ".join(line.split()) for line in written.getvalue().splitlines()] == [
        "settings: [first]",
        "variants: [drop, norm]",
        "candidates: [0, 1] # some",
        "trials: 1",
        f"splits: {LIMITS['splits']}",
        "conditions: # what each changes",
        f"noisy: {{label_noise: 0.2, epochs: {LIMITS['epochs']}}} # kept",
        "narrow: {network: {dense: {hidden: [8]}}, variants: [norm]}",
        "few: {train_size: 100, batch_size: 10, variants: [drop]}",
    ]


def test_a_study_of_own_data_has_conditions_that_the_images_allow() -> None:
    """A quarter of the images and four times as many, other widths and depths."""
    activation = {"activation": "tanh"}
    setting = {"network": {"dense": {"hidden": [16], **activation}}, "epochs": 9}
    content: Raw = {"settings": {"first": setting, "deep": {}}}
    for pool, names in (
        (10_000, ["n50", "wide", "narrow", "n800", "large"]),
        (3_000, ["n50", "wide", "narrow", "large"]),
    ):
        section: Raw = {"settings": ["first"], "splits": 3, "trials": 1, "conditions": {"old": {}}}
        Settings.fit(section, content, Studied(pool, 200, 9))
        conditions = section["conditions"]
        assert [*conditions] == names
        assert conditions["n50"] == {"train_size": 50, "batch_size": 10}
        assert conditions["large"] == {"network": {"dense": {"hidden": [64] * 4, **activation}}}
    Settings.fit(section, content, Studied(pool, 200, 2))
    assert [*section["conditions"]] == ["n50", "wide"]
