"""What `params.yaml` refuses as a whole: contradictions, several faults at once, and no YAML."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import params, questions
from pipeline.regularizers import Regularizer
from pipeline.system.errors import UserError
from tests import asking

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]


def refusal(raw: Raw) -> str:
    with pytest.raises(UserError) as refused:
        asking.check(raw)
    return str(refused.value)


CONTRADICTIONS: dict[str, tuple[Raw, str]] = {
    "pool": (
        {"settings.small.train_size": 30_000},
        "settings.small.train_size: expected 5 training sets, tuning included, of at most 59900 images "
        "together, received 5 x 30000 = 150000",
    ),
    "two training sets": (
        {"settings.small.splits": 2},
        "settings.small.splits: expected 1 or at least 3, received 2: the jackknife over two training "
        "sets leaves one, which shows no spread between them",
    ),
    "whole pool": (
        {"settings.blind.train_size": 60_001},
        "settings.blind.train_size: expected 1 training sets, tuning included, of at most 60000 images "
        "together, received 1 x 60001 = 60001",
    ),
    "validation": (
        {"settings.small.validation_size": 101},
        "settings.small.validation_size: expected at most data.validation = 100, received 101",
    ),
    "all held out": (
        {"data.validation": 60_001},
        "data.validation: expected less than or equal to 60000, received 60001",
    ),
    "batch": (
        {"settings.small.batch_size": 51},
        "settings.small.batch_size: expected at most train_size = 50, received 51",
    ),
    "unknown variant": (
        {"settings.blind.variants": ["drop", "nope"]},
        "settings.blind.variants: expected names among drop, ridge, elastic, probed, plain, received 'nope'",
    ),
    "unlisted override": (
        {"settings.blind.overrides.ridge": {"l2": {"strength": 0.1}}},
        "settings.blind.overrides.ridge: expected a variant that the setting lists",
    ),
    "blind stopping": (
        {"variants.drop.early_stopping": {"patience": 3}, "settings.blind.overrides": {}},
        "settings.blind.validation_size: expected at least 1 for drop, which stops on validation data, "
        "received 0",
    ),
    "too few replicates": (
        {"settings.blind.inits": 2},
        "settings.blind.inits: expected at least 3 replicates (splits x inits) for an interval, "
        "received 1 x 2",
    ),
    "baseline": (
        {"variants.baseline": {}},
        "variants.baseline: expected another name, for the study has a baseline of its own",
    ),
    "tuned baseline": (
        {"variants.tuned_baseline": {}},
        "variants.tuned_baseline: expected another name, for the study has a tuned_baseline of its own",
    ),
    "uneven baseline": (
        {"tuning.baseline.epochs": [1, 2, 3], "variants.ridge.l2.strength": [0.1, 0.2, 0.3]},
        "tuning.baseline: expected as many epochs as learning rates, received 3 and 2",
    ),
    "another budget": (
        {"variants.ridge.l2.strength": [0.1, 0.2, 0.3]},
        "variants.ridge: expected one value, or 2 candidates as the baseline has in tuning.baseline, "
        "received 3",
    ),
    "twice the same": (
        {"variants.ridge.l2.strength": [0.1, 0.1]},
        "variants.ridge: expected candidates that differ",
    ),
    "uneven lists": (
        {"variants.elastic.l1.strength": [0.1, 0.2], "variants.elastic.l2.strength": [0.1, 0.2, 0.3]},
        "variants.elastic: expected lists of one length, a value a candidate, received "
        "{'l1': {'strength': [0.1, 0.2]}, 'l2': {'strength': [0.1, 0.2, 0.3]}}",
    ),
    "nothing to choose by": (
        {"settings.blind.overrides.drop.dropout.rate": [0.1, 0.2]},
        "settings.blind.overrides.drop: expected a single value in a setting that holds nothing out to "
        "choose by, received 2 candidates",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_one_line(edited: Edited, name: str) -> None:
    changes, line = CONTRADICTIONS[name]
    assert refusal(edited(changes)) == f"params.yaml: {line}"


def test_two_that_set_the_same_thing_are_one_line(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Regularizer, "EXCLUSIVE", ("kernel_penalty",))
    line = "expected at most one regularizer that sets kernel_penalty, received l1 and l2"
    assert refusal(edited({})) == f"params.yaml: variants.elastic: {line}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings.small.train_size", 11_980),
        ("settings.blind.train_size", 60_000),
        ("settings.small.validation_size", 100),
        ("settings.small.batch_size", 50),
        ("variants.stop", {"early_stopping": {"patience": 3}}),
        ("variants.bounded", {"max_norm": {"limit": 1.0}, "label_smoothing": {"smoothing": 0.1}}),
    ],
)
def test_the_limit_itself_is_possible(edited: Edited, path: str, value: Any) -> None:
    asking.check(edited({path: value}))


# ---- several faults, and no YAML at all ----


def test_all_faults_are_said_at_once(edited: Edited) -> None:
    changes = {
        "data.extra": 1,
        "settings.small.epochs": 0,
        "variants.ridge": {"l2": {"strength": -1.0, "power": 2}},
    }
    assert sorted(refusal(edited(changes)).splitlines()) == [
        "params.yaml: data.extra: unknown key, expected one of source, validation, seed",
        "params.yaml: settings.small.epochs: expected greater than or equal to 1, received 0",
        "params.yaml: variants.ridge.l2.power: unknown key, expected one of strength",
        "params.yaml: variants.ridge.l2.strength: expected greater than 0, received -1.0",
    ]


def test_all_contradictions_are_said_at_once(edited: Edited) -> None:
    chosen = [CONTRADICTIONS[name] for name in ("validation", "batch", "too few replicates", "baseline")]
    changes = {path: value for part, _ in chosen for path, value in part.items()}
    lines = [f"params.yaml: {line}" for _, line in chosen]
    assert sorted(refusal(edited(changes)).splitlines()) == sorted(lines)


# ---- data of one's own ----


@pytest.mark.parametrize("source", ["datasets/a.npz", "datasets/deep/er", "datasets/MNIST of mine.npz"])
def test_own_data_lie_in_the_folder_that_dvc_looks_at(edited: Edited, source: str) -> None:
    assert asking.check(edited({"data.source": source})).data.source == source


@pytest.mark.parametrize(
    "source",
    ["", "MNIST", "datasets", "datasets/", "datasets/../a.npz", "/datasets/a.npz", "data/a.npz", "~"],
)
def test_data_from_anywhere_else_are_refused(edited: Edited, source: str) -> None:
    expected = f"params.yaml: data.source: expected mnist or a path in datasets/, received {source!r}"
    assert refusal(edited({"data.source": source})) == expected


def short(raw: Raw, images: int) -> list[str]:
    with pytest.raises(UserError) as refused:
        params.check_images(asking.check(raw), (images, 28, 28))
    return [line.removeprefix("params.yaml: ") for line in str(refused.value).splitlines()]


def test_more_than_there_is_of_own_data_is_a_line_each(edited: Edited) -> None:
    """`small` draws 3 + 2 sets and the map's cells 3 + 1, of what is not held out; `blind` one, of all."""
    own = {"data.source": "datasets/a.npz", "settings.blind.train_size": 350}
    params.check_images(asking.check(edited(own)), (350, 28, 28))
    assert short(edited(own), 349) == [
        "settings.small.train_size: expected 5 training sets, tuning included, of at most 249 images "
        "together, received 5 x 50 = 250",
        "settings.blind.train_size: expected 1 training sets, tuning included, of at most 349 images "
        "together, received 1 x 350 = 350",
    ]
    cells = short(
        edited(own | {"settings.small.train_size": 30, "questions.choice.conditions.wider.train_size": 80}),
        419,
    )
    assert cells == [
        "questions.choice.conditions.wider.train_size: expected 4 training sets, tuning included, of at "
        "most 319 images together, received 4 x 80 = 320"
    ]
    assert short(edited(own), 99) == ["data.validation: expected less than or equal to 99, received 100"]


def test_own_data_may_be_more_than_mnist_has(edited: Edited) -> None:
    own = {"data.source": "datasets/a.npz", "data.validation": 70_000, "settings.small.train_size": 20_000}
    params.check_images(asking.check(edited(own)), (170_000, 28, 28))


def test_scale_is_named_where_it_asks_for_more_than_there_is(edited: Edited) -> None:
    own = edited({"data.source": "datasets/a.npz", "scale": 4})
    assert asking.check(own).settings["small"].splits == 12
    assert short(own, 799)[0] == (
        "settings.small.train_size: expected 14 training sets, tuning included, of at most 699 images "
        "together, received 14 x 50 = 700, at scale 4"
    )


# ---- no YAML ----


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "expected YAML, received while parsing a flow node"),
        ("a: 1\na: 2", "expected YAML, received while constructing a mapping"),
        ("- 1\n- 2\n", "expected a mapping of sections, received [1, 2]"),
        ("", "expected a mapping of sections, received None"),
    ],
    ids=["broken", "duplicate key", "list", "empty"],
)
def test_a_file_that_is_no_mapping_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        questions.load(tmp_path / "mine.yaml")
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"mine.yaml: {message}")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^mine\.yaml: expected a readable file, received .*No such file"):
        questions.load(tmp_path / "mine.yaml")


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"^mine\.yaml: expected .*utf-8"):
        questions.load(tmp_path / "mine.yaml")
