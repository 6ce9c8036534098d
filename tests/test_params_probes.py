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
    "nothing to walk along": (
        {"probes.strength_paths.variants": ["plain"]},
        "probes.strength_paths.variants: expected several candidates of plain in small",
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


def test_a_variant_may_not_be_called_as_a_probe(edited: Edited) -> None:
    with pytest.raises(UserError, match=r"variants\.map: expected another name"):
        params.check(edited({"variants.map": {"l2": {"strength": 0.1}}}))


def test_a_cell_of_the_map_changes_its_setting_and_nothing_else(raw_params: Raw) -> None:
    study = params.check(raw_params)
    base = study.settings["small"].model_dump()
    own = {"splits": 3, "inits": 1, "overrides": {}, "variants": ["probed"]}
    found = {name: cell.model_dump() for name, cell in study.map_settings().items()}
    assert found == {"wider": base | own | {"hidden": [32]}, "noisier": base | own | {"label_noise": 0.1}}


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
