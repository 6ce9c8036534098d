"""The probes in `params.yaml`: what is impossible together, and one switch for everything."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import params
from pipeline.errors import UserError

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]

FAULTS: dict[str, tuple[Raw, str]] = {
    "unknown setting": (
        {"probes.map.settings": ["nope"]},
        "probes.map.settings: expected names among small, blind, received 'nope'",
    ),
    "unknown variant": (
        {"probes.strength_paths.variants": ["nope"]},
        "probes.strength_paths.variants: expected names among drop, ridge, elastic, probed, plain, "
        "received 'nope'",
    ),
    "name taken": (
        {"probes.map.cells": {"small": {"train_size": 30}}},
        "probes.map.cells.small: expected another name, for a setting is called so",
    ),
    "nothing held out": (
        {"probes.strength_paths.settings": ["small", "blind"], "settings.blind.splits": 3}
        | {
            "settings.blind.variants": ["drop", "probed"],
            "settings.blind.overrides.probed": {"l1": {"strength": 0.1}},
        },
        "probes.strength_paths.settings: expected settings that hold images out, received 'blind'",
    ),
    "too many sets": (
        {"probes.learning_rates.splits": 4},
        "probes.learning_rates.splits: expected at most the 3 training sets of small, received 4",
    ),
    "not every setting has it": (
        {"settings.small.variants": ["drop", "ridge"]},
        "probes.strength_paths.variants: expected variants that small takes, received 'probed'",
    ),
    "two strengths": (
        {"probes.strength_paths.variants": ["elastic"]},
        "probes.strength_paths.variants: expected variants of one regularizer with one field, its strength, "
        "received 'elastic'",
    ),
    "weights of another kind": (
        {"variants.normed": {"batch_norm": {"momentum": 0.9}}, "probes.strength_paths.variants": ["normed"]},
        "probes.strength_paths.variants: expected variants without batch_norm, received 'normed'",
    ),
    "another depth": (
        {"probes.map.cells.wider.hidden": [32]},
        "probes.map.cells.wider.hidden: expected as many layers as small has, 2, received [32]",
    ),
    "twice": (
        {"probes.map.variants": ["probed", "probed"]},
        "probes.map.variants: expected names that differ, received ['probed', 'probed']",
    ),
    "a method that a setting of the map has not": (
        {"settings.small.variants": ["drop", "probed"], "probes.map.variants": ["probed", "ridge"]},
        "probes.map.variants: expected variants that small takes, received 'ridge'",
    ),
    "tuned": (
        {"probes.learning_rates.variant": "probed"},
        "probes.learning_rates.variant: expected a variant with a single candidate, received 'probed'",
    ),
    "position": (
        {"probes.map.candidates": [0, 2]},
        "probes.map.candidates: expected positions below 2, the candidates of probed, received 2",
    ),
    "size": (
        {"probes.map.cells.wider.train_size": 20_000},
        "probes.map.cells.wider.train_size: expected 4 training sets, tuning included, of at most 59900 "
        "images together, received 4 x 20000 = 80000",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_contradiction_is_said(edited: Edited, name: str) -> None:
    changes, line = FAULTS[name]
    with pytest.raises(UserError) as refused:
        params.check(edited(changes))
    assert f"params.yaml: {line}" in str(refused.value).splitlines()


def test_the_map_takes_several_training_sets(edited: Edited, raw_params: Raw) -> None:
    single = raw_params["settings"]["small"] | {"splits": 1, "inits": 3}
    with pytest.raises(UserError) as refused:
        params.check(edited({"settings.single": single, "probes.map.settings": ["small", "single"]}))
    (line,) = str(refused.value).splitlines()
    assert line.endswith("probes.map.settings: expected settings of several training sets, received 'single'")


def test_a_path_may_have_a_single_strength(raw_params: Raw, edited: Edited) -> None:
    """`dvc exp run -S variants.l2.l2.strength=0.01`, where the probe follows l2."""
    study = params.check(edited({"variants.probed.l1.strength": 0.001}))
    assert len(study.candidates("small")["probed"]) == 1


def test_a_variant_may_not_be_called_as_a_probe(edited: Edited) -> None:
    with pytest.raises(UserError, match=r"variants\.map: expected another name"):
        params.check(edited({"variants.map": {"l2": {"strength": 0.1}}}))


def test_a_cell_of_the_map_changes_its_setting_and_nothing_else(raw_params: Raw) -> None:
    study = params.check(raw_params)
    base = study.settings["small"].model_dump()
    own = {"splits": 3, "inits": 1, "overrides": {}, "variants": ["probed"]}
    found = {name: cell.model_dump() for name, cell in study.map_settings().items()}
    assert found == {"wider": base | own | {"hidden": [32, 8]}, "noisier": base | own | {"label_noise": 0.1}}


def test_every_setting_is_drawn_with_the_sets_to_choose_on(raw_params: Raw) -> None:
    found = {name: sets for name, (_, sets) in params.check(raw_params).draws().items()}
    assert found == {"small": 3 + 2, "blind": 1, "wider": 3 + 1, "noisier": 3 + 1}


def test_the_parts_are_the_baselines_the_variants_and_the_probes_that_train(raw_params: Raw) -> None:
    trained = ["strength_paths", "learning_rates", "map"]
    assert params.check(raw_params).parts == ["baseline", "tuned_baseline", *raw_params["variants"], *trained]


# ---- scale ----


def test_one_switch_multiplies_training_sets_or_the_inits_of_a_single_one(edited: Edited) -> None:
    study = params.check(edited({"scale": 4}))
    assert {name: (s.splits, s.inits) for name, s in study.settings.items()} == {
        "small": (12, 2),
        "blind": (1, 12),
    }
    probes = study.probes
    assert (probes.strength_paths.splits, probes.learning_rates.splits) == (12, 12)
    assert {cell.splits for cell in study.map_settings().values()} == {12}


def test_no_more_than_the_images_allow(edited: Edited) -> None:
    """59,900 images make 11 training sets of 5,000; two of them are for the tuning, or one in the map."""
    study = params.check(edited({"scale": 4, "settings.small.train_size": 5000}))
    assert study.settings["small"].splits == 9
    assert study.probes.strength_paths.splits == 9
    assert {cell.splits for cell in study.map_settings().values()} == {10}


def test_what_is_enlarged_is_valid(edited: Edited) -> None:
    study = params.check(edited({"scale": 50, "settings.small.train_size": 1000}))
    for setting, sets in study.draws().values():
        assert sets * setting.train_size <= 59_900
