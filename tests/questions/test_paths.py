"""Strength paths, as the two questions that follow them ask for them, each by its own section."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import plan
from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE, Params
from pipeline.params.toy import LIMITS
from pipeline.plan import Run
from pipeline.questions import Question, paths
from pipeline.system.errors import UserError
from tests import asking

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
NAMES = ("tradeoff", "weights")
ONLY_FIELD = "variants: expected variants of one regularizer with one field, its strength, received 'elastic'"


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """The question that follows the paths."""
    return str(request.param)


# ---- what cannot be followed ----

HELD = {
    "settings.blind.splits": 3,
    "settings.blind.variants": ["drop", "probed"],
    "settings.blind.overrides.probed": {"l1": {"strength": 0.1}},
}
FAULTS: dict[str, tuple[Raw, Raw, str]] = {
    "nothing held out": (
        {"settings": ["small", "blind"]},
        HELD,
        "settings: expected settings that hold images out, received 'blind'",
    ),
    "too many sets": (
        {"splits": 4},
        {},
        "splits: expected at most the 3 training sets of small, received 4",
    ),
    "a variant that the setting has not": (
        {},
        {"settings.small.variants": ["drop", "ridge"]},
        "variants: expected variants that small takes, received 'probed'",
    ),
    "two regularizers": ({"variants": ["elastic"]}, {}, ONLY_FIELD),
    "statistics beside the weights": (
        {"variants": ["normed"]},
        {"variants.normed": {"batch_norm": {"momentum": 0.9}}},
        "variants: expected variants without normalization, received 'normed'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_said_under_the_section_that_has_it(edited: Edited, name: str, fault: str) -> None:
    section, study, line = FAULTS[fault]
    with pytest.raises(UserError) as refused:
        asking.check(edited({f"questions.{name}.{field}": value for field, value in section.items()} | study))
    assert f"params.yaml: questions.{name}.{line}" in str(refused.value).splitlines()


def test_every_fault_of_a_section_is_said(edited: Edited, name: str) -> None:
    with pytest.raises(UserError) as refused:
        asking.check(
            edited({f"questions.{name}.splits": 4, f"questions.{name}.variants": ["elastic", "probed"]})
        )
    assert str(refused.value).splitlines() == [
        f"params.yaml: questions.{name}.{FAULTS['too many sets'][2]}",
        f"params.yaml: questions.{name}.{ONLY_FIELD}",
    ]


# ---- what is asked for ----


def paths_of(name: str, params: Params) -> list[plan.Cell]:
    """The cells of the paths, without the baseline's."""
    return [cell for cell in Question(name).cells(params) if cell.variant != BASELINE]


def test_the_tradeoff_crosses_initialisations_with_training_sets(edited: Edited) -> None:
    params = asking.check(edited({"settings.small.inits": 1, "settings.small.crossed": False}))
    (crossed,) = (cell for cell in Question("tradeoff").cells(params) if cell.variant == BASELINE)
    design = {"splits": 3, "inits": 4, "crossed": True}
    assert crossed.candidates == [(params.settings["small"].model_copy(update=design), None)]
    runs = asking.resolved(params)["baseline"][f"small/{BASELINE}/tradeoff/crossed"][0].runs
    assert len({run.init_seed for run in runs}) == 4
    assert len({run.key for run in runs}) == 12


def test_every_candidate_is_a_cell_of_its_own(edited: Edited, name: str) -> None:
    section = {f"questions.{name}.variants": ["probed", "drop"], f"questions.{name}.splits": 3}
    params = asking.check(edited({"settings.small.splits": 5} | section))
    cells = paths_of(name, params)
    assert [(cell.question, cell.setting, cell.variant, cell.label) for cell in cells] == [
        (name, "small", "probed", "strength=0.001"),
        (name, "small", "probed", "strength=0.002"),
        (name, "small", "drop", "rate=0.5"),
    ]
    condition = params.settings["small"].model_copy(update={"splits": 3, "inits": 1})
    mixes = [mix for variant in ("probed", "drop") for mix in params.variants[variant]]
    assert [cell.candidates for cell in cells] == [[(condition, mix)] for mix in mixes]
    assert not any(cell.curves or cell.trials or cell.shift_every for cell in cells)


def test_weights_ask_for_the_baseline_at_several_lengths(edited: Edited) -> None:
    """At 2 and 5 epochs, as the tuned baseline tries, and at the setting's own 3."""
    lists = {"tuning.baseline": {"epochs": [2, 5], "learning_rate": [0.1, 0.2]}}
    params = asking.check(edited(lists))
    cells = [cell for cell in Question("weights").cells(params) if cell.variant == BASELINE]
    assert [cell.label for cell in cells] == ["epochs=5", "epochs=3", "epochs=2"]
    for cell, epochs in zip(cells, (5, 3, 2), strict=True):
        ((setting, mix),) = cell.candidates
        assert (setting.epochs, setting.splits, setting.inits, mix) == (epochs, 3, 1, None)
        assert setting.optimizer == params.settings["small"].optimizer


def test_weights_ask_for_proximal_steps_of_a_variant_that_is_l1_alone(edited: Edited) -> None:
    section = {"questions.weights.proximal": [0.5, 0.2], "questions.weights.variants": ["drop", "probed"]}
    params = asking.check(edited(section))
    cells = [cell for cell in Question("weights").cells(params) if cell.label.startswith("proximal/")]
    assert [(cell.variant, cell.label) for cell in cells] == [
        ("probed", "proximal/strength=0.5"),
        ("probed", "proximal/strength=0.2"),
    ]
    plan_of = asking.resolved(params)["probed"]
    parts = [plan_of[f"small/probed/weights/{cell.label}"][0].runs[0].regularizers for cell in cells]
    assert parts == [{"l1": {"strength": strength, "proximal": True}} for strength in (0.5, 0.2)]


def test_proximal_strengths_differ(edited: Edited) -> None:
    with pytest.raises(UserError, match="proximal: expected strengths that differ, received"):
        asking.check(edited({"questions.weights.proximal": [0.5, 0.5]}))


def test_at_toy_size_there_are_few_proximal_strengths() -> None:
    section = {"settings": ["small"], "variants": ["l1"], "splits": 9, "proximal": [0.1, 0.2, 0.3]}
    Question("weights").settings.toy(section, {})
    assert section["proximal"] == [0.1, 0.2]


def test_a_setting_has_its_own_strengths(edited: Edited, name: str) -> None:
    overrides = {"settings.small.overrides": {"probed": {"l1": {"strength": [0.01, 0.02]}}}}
    cells = paths_of(name, asking.check(edited(overrides)))
    assert [cell.label for cell in cells] == ["strength=0.01", "strength=0.02"]


def test_a_path_may_have_a_single_strength(edited: Edited, name: str) -> None:
    params = asking.check(edited({"variants.probed.l1.strength": 0.001}))
    assert [cell.label for cell in paths_of(name, params)] == ["strength=0.001"]


def test_a_path_may_have_an_option_beside_its_strength(edited: Edited, name: str) -> None:
    params = asking.check(edited({"variants.probed.l1.proximal": True}))
    cells = paths_of(name, params)
    assert [cell.label for cell in cells] == ["strength=0.001", "strength=0.002"]


def test_the_baseline_and_the_variants_are_read(raw_params: Raw, name: str) -> None:
    """The tradeoff looks at every variant besides, at the strength that was chosen for it."""
    params = asking.check(raw_params)
    expected = {"weights": ["baseline", "probed"], "tradeoff": params.stages}
    assert Question(name).reads(params) == expected[name]


def test_a_section_is_enlarged_as_far_as_all_of_its_settings_are(
    edited: Edited, raw_params: Raw, name: str
) -> None:
    """Of 59,900 images the larger setting has 9 training sets, beside those to choose on."""
    larger = raw_params["settings"]["small"] | {"train_size": 5000}
    changes = {"settings.larger": larger, f"questions.{name}.settings": ["small", "larger"]}
    for scale, splits in ((1, 3), (2, 6), (4, 9)):
        params = asking.check(edited(changes | {"scale": scale}))
        assert params.section(name).splits == splits


@pytest.mark.parametrize(("written", "kept"), [(9, LIMITS["splits"]), (3, 3)])
def test_at_toy_size_there_are_few_training_sets(name: str, written: int, kept: int) -> None:
    text = f"settings: [small]  # as they are\nvariants: [l1, l2]\nsplits: {written}\n"
    section = YAML().load(text)
    Question(name).settings.toy(section, {})
    shrunk = io.StringIO()
    YAML().dump(section, shrunk)
    assert shrunk.getvalue() == text.replace(f"splits: {written}", f"splits: {kept}")


# ---- the cells, read again ----


def test_the_cells_are_put_together_path_by_path(
    path_study: Callable[..., Any], scored_cell: Callable[..., Cell]
) -> None:
    """A stage has the cells of a variant in all settings; a section orders the settings too."""
    baselines = [scored_cell([[{}]], setting=setting) for setting in ("small", "noisy")]
    steps = [
        scored_cell([[{}]], variant, strength, setting)
        for variant in ("l2", "l1")
        for setting in ("noisy", "small")
        for strength in (0.3, 0.1)
    ]
    by_path = paths.of(path_study("tradeoff", Path(), baselines, steps, splits=1))
    order = [("small", "l2"), ("small", "l1"), ("noisy", "l2"), ("noisy", "l1")]
    assert list(by_path) == order
    for (setting, variant), cells in by_path.items():
        assert {(cell.setting, cell.variant) for cell in cells} == {(setting, variant)}
        assert [paths.strength(cell.run) for cell in cells] == [0.3, 0.1]


def test_the_strength_is_the_one_field(tiny_run: Callable[..., Run]) -> None:
    assert paths.strength(tiny_run(regularizers={"dropout": {"rate": 0.25}})) == 0.25
    assert paths.strength(tiny_run()) == 0.0
