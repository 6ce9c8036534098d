"""What `params.yaml` refuses as a whole: contradictions, several faults at once, and no YAML."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import params, questions
from pipeline.datasets import obtain
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
        "data.validation: expected at most 60000, the training images of mnist, received 60001",
    ),
    "batch": (
        {"settings.small.batch_size": 51},
        "settings.small.batch_size: expected at most train_size = 50, received 51",
    ),
    "unknown variant": (
        {"settings.blind.variants": ["drop", "nope"]},
        "settings.blind.variants: expected one of drop, ridge, elastic, probed, plain, received 'nope'",
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


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("setings", "settings"),
        ("settings.small.train_sise", "train_size"),
        ("settings.small.network.dens", "dense"),
        ("variants.ridge.l2.strenght", "strength"),
        ("variants.drop.drop_out", "dropout"),
        ("questions.tradeof", "tradeoff"),
    ],
)
def test_a_slip_in_a_key_is_answered_with_the_key_that_is_meant(
    edited: Edited, path: str, meant: str
) -> None:
    assert refusal(edited({path: 1})).endswith(f"; did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("path", "value", "meant"),
    [
        ("settings.blind.variants", ["drop", "rigde"], "ridge"),
        ("questions.tradeoff.variants", ["elastick"], "elastic"),
        ("questions.choice.settings", ["smal"], "small"),
    ],
)
def test_so_is_a_slip_in_a_name(edited: Edited, path: str, value: list[str], meant: str) -> None:
    assert refusal(edited({path: value})).endswith(f"received {value[-1]!r}; did you mean {meant!r}?")


def test_all_faults_are_said_at_once(edited: Edited) -> None:
    changes = {
        "data.extra": 1,
        "settings.small.epochs": 0,
        "variants.ridge": {"l2": {"strength": -1.0, "power": 2}},
    }
    assert sorted(refusal(edited(changes)).splitlines()) == [
        "params.yaml: data.extra: unknown key, expected one of validation, seed",
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


@pytest.mark.parametrize(
    "source",
    ["mnist", "fashion_mnist", "datasets/a.npz", "datasets/deep/er", "datasets/MNIST of mine.npz"],
)
def test_data_are_published_or_lie_in_the_folder_that_dvc_looks_at(edited: Edited, source: str) -> None:
    study = asking.check(edited({"settings.small.data": source}))
    assert study.settings["small"].data == source
    assert study.sources() == list(dict.fromkeys([source, "mnist"]))  # that of `blind` too


def test_two_spellings_of_a_path_are_one_source(edited: Edited) -> None:
    spelt = {"settings.small.data": "datasets//a.npz", "settings.blind.data": "datasets/./a.npz"}
    assert asking.check(edited(spelt)).sources() == ["datasets/a.npz"]


def test_a_setting_must_say_what_its_data_are(edited: Edited) -> None:
    expected = "params.yaml: settings.small.data: expected a value, received nothing"
    assert refusal(edited({"settings.small.data": ...})) == expected


def test_the_source_for_all_settings_is_gone(edited: Edited) -> None:
    expected = "params.yaml: data.source: unknown key, expected one of validation, seed"
    assert refusal(edited({"data.source": "mnist"})) == expected


def test_what_questions_start_from_settings_takes_their_data(edited: Edited) -> None:
    study = asking.check(edited({"settings.small.data": "fashion_mnist"}))
    conditions = {name: setting.data for name, (setting, _) in study.draws().items()}
    wanted = dict.fromkeys(("small", "wider", "noisier"), "fashion_mnist")
    assert conditions == wanted | {"blind": "mnist"}
    asked = [cell for question in questions.discover() for cell in question.cells(study)]
    assert {cell.question for cell in asked} >= {"choice", "batch_norm", "tradeoff"}
    assert {setting.data for cell in asked for setting, _ in cell.candidates} == {"fashion_mnist"}


def test_published_data_are_known_by_name_to_what_obtains_them() -> None:
    assert list(obtain.PUBLISHED) == list(params.PUBLISHED)


@pytest.mark.parametrize(
    "source",
    ["", "MNIST", "datasets", "datasets/", "datasets/../a.npz", "/datasets/a.npz", "data/a.npz", "~"],
)
def test_data_from_anywhere_else_are_refused(edited: Edited, source: str) -> None:
    assert refusal(edited({"settings.small.data": source})) == (
        "params.yaml: settings.small.data: expected mnist, fashion_mnist or a path in datasets/, "
        f"received {source!r}"
    )


OWN = {"settings.small.data": "datasets/a.npz", "settings.blind.data": "datasets/a.npz"}


def check_images(raw: Raw, images: int, other: int = 60_000) -> None:
    """Check a study of one's own data that have so many images, and of MNIST if it had so many others."""
    params.check_images(asking.check(raw), {"datasets/a.npz": (images, 28, 28), "mnist": (other, 28, 28)})


def short(raw: Raw, images: int, other: int = 60_000) -> list[str]:
    with pytest.raises(UserError) as refused:
        check_images(raw, images, other)
    return [line.removeprefix("params.yaml: ") for line in str(refused.value).splitlines()]


def test_more_than_there_is_of_own_data_is_a_line_each(edited: Edited) -> None:
    """`small` draws 3 + 2 sets and the map's cells 3 + 1, of what is not held out; `blind` one, of all."""
    own = OWN | {"settings.blind.train_size": 350}
    check_images(edited(own), 350)
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
    assert short(edited(own), 99) == [
        "data.validation: expected at most 99, the training images of datasets/a.npz, received 100"
    ]


def test_every_source_has_its_own_size(edited: Edited) -> None:
    """`small` takes 250 of one's own data beside the 100 held out; `blind` takes 50 of MNIST, of all."""
    own = edited({"settings.small.data": "datasets/a.npz"})
    check_images(own, 350, other=50)
    assert [line.partition(":")[0] for line in short(own, 349, other=49)] == [
        "settings.small.train_size",
        "settings.blind.train_size",
    ]
    # Without a setting that validates, a source needs no images to hold out.
    few = edited({"settings.blind.data": "datasets/a.npz"})
    check_images(few, 50)
    assert len(short(few, 49)) == 1


def test_sizes_are_checked_against_each_published_source_before_it_is_read(edited: Edited) -> None:
    large = {"settings.small.train_size": 20_000, "settings.blind.train_size": 60_001}
    raw = edited(large | {"settings.small.data": "fashion_mnist"})
    assert [line.partition(": expected")[0] for line in refusal(raw).splitlines()] == [
        "params.yaml: settings.small.train_size",
        "params.yaml: settings.blind.train_size",
    ]
    assert "images together, received 1 x 60001 = 60001" in refusal(raw)


def test_own_data_may_be_more_than_mnist_has(edited: Edited) -> None:
    own = OWN | {"data.validation": 70_000, "settings.small.train_size": 20_000}
    check_images(edited(own), 170_000)


def test_scale_is_named_where_it_asks_for_more_than_there_is(edited: Edited) -> None:
    own = edited(OWN | {"scale": 4})
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
