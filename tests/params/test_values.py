"""`params.yaml` is read whole or refused whole, with a line for every fault."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from pipeline import params, questions
from pipeline.system.errors import UserError
from tests import asking
from tests.asking import dense

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
REGULARIZERS = ", ".join(
    sorted(
        file.stem
        for file in Path(params.__file__).parents[1].glob("regularizers/[!_]*.py")
        if file.stem != "base"
    )
)
NETWORKS = "conv, dense"
SETTING_KEYS = (
    "data, train_size, validation_size, network, optimizer, epochs, batch_size, label_noise, distractors, "
    "splits, inits, crossed, seed, variants, overrides"
)


def refusal(raw: Raw) -> str:
    with pytest.raises(UserError) as refused:
        asking.check(raw)
    return str(refused.value)


# ---- what is accepted ----


def test_the_committed_file_is_valid(repository: Path) -> None:
    file = repository / "params.yaml"
    raw = YAML(typ="safe").load(file)
    loaded = questions.load(file)
    assert list(loaded.settings) == list(raw["settings"])
    assert list(loaded.variants) == list(raw["variants"])


def test_every_value_arrives(raw_params: Raw) -> None:
    received = asking.check(raw_params).model_dump(exclude_none=True)
    for setting in raw_params["settings"].values():
        setting |= {"distractors": 0.0, "crossed": True}
        setting["optimizer"] = {"schedule": "constant", "momentum": 0.0} | setting["optimizer"]
    raw_params["variants"] = {name: (mix,) for name, mix in raw_params["variants"].items()}
    by_subgradient = {"proximal": False}
    raw_params["variants"]["elastic"][0]["l1"] |= by_subgradient
    raw_params["variants"]["probed"] = tuple(
        {"l1": {"strength": value} | by_subgradient} for value in (0.001, 0.002)
    )
    for setting in raw_params["settings"].values():
        setting["overrides"] = {name: (mix,) for name, mix in setting["overrides"].items()}
    raw_params["questions"]["weights"]["proximal"] = []
    assert received == raw_params


def test_a_number_needs_no_dot(tmp_path: Path, raw_params: Raw) -> None:
    text = json.dumps(raw_params)  # which is YAML
    (tmp_path / "params.yaml").write_text(text.replace("0.002", "1e-4"), encoding="utf-8")
    loaded = questions.load(tmp_path / "params.yaml")
    assert loaded.variants["elastic"][0].regularizers["l1"].model_dump() == {
        "strength": 0.0001,
        "proximal": False,
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings.small.label_noise", 0),
        ("settings.small.optimizer.learning_rate", 1),
        ("variants.ridge.l2.strength", 2),
    ],
)
def test_an_integer_is_accepted_for_a_real_number(edited: Edited, path: str, value: int) -> None:
    section: Any = asking.check(edited({path: value})).model_dump()
    for step in path.split("."):
        section = section[step]
        section = section[0] if isinstance(section, tuple) else section
    assert section == value
    assert type(section) is float


def test_nothing_changes_after_reading(raw_params: Raw) -> None:
    loaded = asking.check(raw_params)
    with pytest.raises(ValidationError, match="frozen"):
        loaded.settings["small"].epochs = 9


def test_a_setting_has_the_listed_variants_with_their_overrides(raw_params: Raw) -> None:
    loaded = asking.check(raw_params)
    mixes = {
        setting: {
            variant: {
                name: part.model_dump(exclude_defaults=True) for name, part in mixes[0].regularizers.items()
            }
            for variant, mixes in loaded.candidates(setting).items()
        }
        for setting in loaded.settings
    }
    raw_params["variants"]["probed"] = {"l1": {"strength": 0.001}}  # the first of its candidates
    assert mixes == {"small": raw_params["variants"], "blind": {"drop": {"dropout": {"rate": 0.2}}}}
    assert list(mixes["small"]) == ["drop", "ridge", "elastic", "probed", "plain"]


def test_a_variant_is_of_the_family_of_its_regularizers(edited: Edited) -> None:
    both = {"dropout": {"rate": 0.5}, "l2": {"strength": 0.001}}
    found = asking.check(edited({"variants.both": both})).families()
    names = ["drop", "ridge", "elastic", "probed", "plain", "both"]
    assert list(found) == ["baseline", "tuned_baseline", *names]
    assert found["ridge"] == found["elastic"]  # l2, and l1 with l2
    assert found["both"] == "combination"
    assert len({found[name] for name in ("baseline", "drop", "ridge", "both")}) == 4


# ---- one fault, one line ----


UNKNOWN = {
    "extra": "scale, data, tuning, settings, variants, questions",
    "data.extra": "validation, seed",
    "tuning.extra": "splits, baseline",
    "tuning.baseline.extra": "epochs, learning_rate",
    "settings.small.extra": SETTING_KEYS,
    "settings.small.optimizer.extra": "name, learning_rate, schedule, momentum",
    "settings.small.network.extra": NETWORKS,
    "settings.small.network.dense.extra": "hidden, activation",
    "variants.ridge.l3": REGULARIZERS,
    "variants.ridge.l2.power": "strength",
    "settings.blind.overrides.drop.l3": REGULARIZERS,
    "settings.blind.overrides.drop.dropout.power": "rate",
}


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_key_is_answered_with_the_valid_ones(edited: Edited, path: str) -> None:
    faulty = edited({path: 1})
    assert refusal(faulty) == f"params.yaml: {path}: unknown key, expected one of {UNKNOWN[path]}"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("data.seed", 0.5, "integer"),
        ("settings.small.epochs", "5", "integer"),
        ("settings.small.epochs", 5.0, "integer"),
        ("settings.small.epochs", True, "integer"),
        ("settings.small.epochs", 0, "greater than or equal to 1"),
        ("settings.small.network.dense.hidden", 16, "list"),
        ("settings.small.network.dense.activation", "softplus", "'relu', 'tanh', 'sigmoid', 'elu' or 'gelu'"),
        ("settings.small.optimizer.name", "rmsprop", "'adam' or 'sgd'"),
        ("settings.small.optimizer.learning_rate", "0.1", "number"),
        ("settings.small.optimizer.learning_rate", 0, "greater than 0"),
        ("settings.small.optimizer.learning_rate", math.inf, "a finite number"),
        ("settings.small.optimizer.momentum", 1.0, "less than 1"),
        ("settings.small.label_noise", True, "number"),
        ("settings.small.label_noise", 1.0, "less than 1"),
        ("settings.small.validation_size", -1, "greater than or equal to 0"),
        ("variants.ridge.l2.strength", math.inf, "a finite number"),
        ("variants.drop.dropout.rate", 1.0, "less than 1"),
        ("variants.drop.dropout.rate", 0.0, "greater than 0"),
        ("variants.drop.dropout.rate", False, "number"),
        ("variants.drop.dropout.rate", "0.5", "number"),
        ("settings.blind.overrides.drop.dropout.rate", None, "number"),
    ],
)
def test_a_wrong_value_is_said_with_path_expected_and_received(
    edited: Edited, path: str, value: Any, expected: str
) -> None:
    faulty = edited({path: value})
    assert refusal(faulty) == f"params.yaml: {path}: expected {expected}, received {value!r}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings", {}),
        ("settings", None),
        ("settings.small.network.dense.hidden", []),
        ("settings.small.optimizer", "adam"),
        ("variants.ridge", None),
        ("variants.ridge.l2", 0.001),
    ],
)
def test_a_wrong_section_is_said_at_its_path(edited: Edited, path: str, value: Any) -> None:
    (line,) = refusal(edited({path: value})).splitlines()
    assert line.startswith(f"params.yaml: {path}: expected ")
    assert line.endswith(f", received {value!r}")


@pytest.mark.parametrize("path", ["data", "settings.small.epochs", "variants.ridge.l2.strength"])
def test_a_missing_value_is_said(edited: Edited, path: str) -> None:
    faulty = edited({path: ...})
    assert refusal(faulty) == f"params.yaml: {path}: expected a value, received nothing"


@pytest.mark.parametrize("section", ["settings", "variants"])
@pytest.mark.parametrize("name", ["Ridge", "two words", "1st", "ridge-2", "_ridge", ""])
def test_a_name_must_serve_as_a_folder_and_a_stage(raw_params: Raw, section: str, name: str) -> None:
    raw_params[section][name] = next(iter(raw_params[section].values()))
    assert refusal(raw_params) == (
        f"params.yaml: {section}.{name}: expected a name of a-z, 0-9 and _, received {name!r}"
    )


@given(rate=st.floats() | st.integers())
def test_a_dropout_rate_is_inside_0_and_1(rate: float) -> None:
    try:
        params.RegularizerMix.model_validate({"dropout": {"rate": rate}})
    except ValidationError:
        assert not 0 < rate < 1
    else:
        assert 0 < rate < 1


def test_a_setting_is_described(raw_params: dict[str, Any]) -> None:
    raw_params["settings"]["small"] |= {"label_noise": 0.2, "train_size": 1200}
    raw_params["settings"]["blind"] |= {"network": dense(128), "epochs": 5}
    settings = asking.check(raw_params).settings
    assert settings["small"].described == (
        "1,200 images of `mnist`, 20% of them with a wrong label, hidden layers 16-8 (relu), adam at 0.001, "
        "batches of 10, 3 epochs, 3 disjoint training sets x 2 initialisations"
    )
    assert settings["blind"].described == (
        "50 images of `mnist`, hidden layers 128 (relu), sgd at 0.1, batches of 10, 5 epochs, "
        "one training set x 3 initialisations"
    )
