"""Keys of runs: they change exactly where a result can."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from pipeline import plan
from pipeline.plan import Run, code
from tests import asking

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
LEFT_OUT = ("tuned_baseline", "probed", "plain")


def planned(raw: Raw, data: Mapping[str, str] | None = None) -> list[Run]:
    """Every run of the settings, where some training sets have the digests in `data`."""
    study = asking.check(raw)
    digests = asking.digests(study)
    for name, (setting, split) in ((n, n.split()) for n in data or {}):
        digests[setting][int(split)] = (data or {})[name]
    plans = plan.resolve(study.stages, plan.of_settings(study), digests)
    return [run for cells in plans.values() for run in plan.every_run(cells)]


def keys(raw: Raw, data: Mapping[str, str] | None = None) -> dict[str, str]:
    """The key of every run that is not tuned, by its name: setting, variant, split and init."""
    return {run.name: run.key for run in planned(raw, data) if run.variant not in LEFT_OUT}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def matching(names: Iterable[str], *patterns: str) -> set[str]:
    return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns)}


def test_equal_inputs_give_equal_keys(edited: Edited) -> None:
    first = keys(edited({}))
    assert keys(edited({})) == first
    assert len(set(first.values())) == len(first) == 6 * 4 + 3 * 2


def test_the_way_of_writing_does_not_show(edited: Edited) -> None:
    other = {
        # In the other order, and with an option that is off.
        "variants.elastic": {"l2": {"strength": 0.003}, "l1": {"proximal": False, "strength": 0.002}},
        "settings.small.label_noise": 0,  # an integer
        "settings.small.optimizer": {"momentum": 0.0, "learning_rate": 1e-3, "name": "adam"},
    }
    assert keys(edited(other)) == keys(edited({}))


@pytest.mark.parametrize(
    ("path", "value", "concerned"),
    [
        ("settings.small.train_size", 60, "small/*"),
        ("settings.small.validation_size", 50, "small/*"),
        ("settings.small.network.dense.hidden", [8, 16], "small/*"),
        ("settings.small.network.dense.activation", "tanh", "small/*"),
        ("settings.small.optimizer.name", "sgd", "small/*"),
        ("settings.small.optimizer.learning_rate", 0.002, "small/*"),
        ("settings.blind.optimizer.momentum", 0.0, "blind/*"),
        ("settings.small.epochs", 4, "small/*"),
        ("settings.small.batch_size", 25, "small/*"),
        ("settings.small.label_noise", 0.1, "small/*"),
        ("settings.small.seed", 2, "small/*"),
        ("variants.ridge.l2.strength", 0.01, "*/ridge/*"),
        ("variants.ridge.l1", {"strength": 0.01}, "*/ridge/*"),
        ("variants.elastic.l1.proximal", True, "*/elastic/*"),
        ("variants.elastic.l2.strength", 0.01, "*/elastic/*"),
        ("variants.drop.dropout.rate", 0.4, "small/drop/*"),  # the other setting overrides it
        ("settings.blind.overrides.drop.dropout.rate", 0.4, "blind/drop/*"),
    ],
)
def test_a_value_changes_the_keys_of_its_runs_alone(
    edited: Edited, path: str, value: Any, concerned: str
) -> None:
    before = keys(edited({}))
    assert changed(before, keys(edited({path: value}))) == matching(before, concerned)


def test_a_digest_changes_the_keys_of_its_training_set_alone(raw_params: Raw) -> None:
    before = keys(raw_params)
    after = keys(raw_params, {"small 1": "another digest"})
    assert changed(before, after) == matching(before, "small/*/split-01-*")


def test_a_key_has_no_names_in_it(tiny_run: Callable[..., Run]) -> None:
    key = tiny_run().with_key().key
    names: list[Raw] = [{"setting": "other"}, {"variant": "other"}, {"question": "mine", "label": "rate=1"}]
    names += [{"source": "datasets/mine.npz"}]  # the data themselves are in it, by their digest
    for label in (*names, {"split": 7}, {"init": 7}, {"curves": False}):
        assert tiny_run(**label).with_key().key == key
    trials = {tiny_run(trial=number).with_key().key for number in (0, 1)}
    assert len(trials) == 1  # the number of a candidate is a name too
    assert key not in trials  # but a trial never sees the test set


@pytest.mark.parametrize(
    "changes",
    [
        {"settings.small.splits": 4},
        {"settings.small.inits": 4},
        {"variants.wide": {"max_norm": {"limit": 3.0}}},
        {"scale": 2},
        {"settings.blind.variants": ["drop", "ridge"]},
    ],
)
def test_more_runs_leave_the_keys_of_the_others(edited: Edited, changes: Raw) -> None:
    before = keys(edited({}))
    after = keys(edited(changes))
    assert before.items() < after.items()
    assert len(set(after.values())) == len(after)


@pytest.mark.parametrize("changes", [{"settings.small.splits": 4}, {"scale": 2}, {"tuning.splits": 3}])
def test_more_training_sets_leave_the_trials_that_there_were(edited: Edited, changes: Raw) -> None:
    before, after = (
        {run.name: run.key for run in planned(edited(change)) if run.trial is not None}
        for change in ({}, changes)
    )
    assert len(before) > 0
    assert before.items() <= after.items()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, whose files the keys are made of."""
    copied = tmp_path / "pipeline"
    shutil.copytree(code.PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copied)
    return copied


@pytest.mark.parametrize(
    ("file", "concerned"),
    [
        ("regularizers/l2.py", ("*/ridge/*", "*/elastic/*")),
        ("regularizers/l1.py", ("*/elastic/*",)),
        ("regularizers/dropout.py", ("*/drop/*",)),
        ("regularizers/max_norm.py", ()),
        ("regularizers/brand_new.py", ()),
        ("regularizers/base.py", ("*",)),
        ("training/trainer.py", ("*",)),
        ("training/engine.py", ("*",)),
        ("training/models.py", ("*",)),
        ("science/scores.py", ("*",)),
        ("science/metrics.py", ()),
        ("training/tuned.py", ()),
        ("training/optimizers.py", ("*",)),
        ("datasets/seeds.py", ("*",)),
        ("stages/train.py", ()),
        ("tracking/recorder.py", ()),
    ],
)
def test_code_changes_the_keys_of_the_runs_that_it_trains(
    raw_params: Raw, package: Path, file: str, concerned: tuple[str, ...]
) -> None:
    before = keys(raw_params)
    with (package / file).open("a", encoding="utf-8") as source:
        source.write("CHANGED = True\n")
    assert changed(before, keys(raw_params)) == matching(before, *concerned)


def test_a_comment_is_no_code(raw_params: Raw, package: Path) -> None:
    before = keys(raw_params)
    file = package / "regularizers" / "l2.py"
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace("\n\n", "\n\n\n# changed\n") + "# and here\n", encoding="utf-8")
    assert keys(raw_params) == before


def test_a_sign_in_a_text_is_no_comment() -> None:
    assert code.uncommented('NAME = "a # b"  # c\n\n# d\nif True:\n    pass  # e\n') == (
        'NAME = "a # b"\nif True:\n    pass\n'
    )


def test_the_place_of_the_code_does_not_show(raw_params: Raw, package: Path) -> None:
    before = keys(raw_params)
    moved = package.rename(package.with_name("elsewhere"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code, "PACKAGE", moved)
        assert keys(raw_params) == before


@pytest.mark.parametrize("library", ["tensorflow", "keras"])
def test_a_library_changes_all_keys(raw_params: Raw, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    before = keys(raw_params)
    installed = plan.version
    monkeypatch.setattr(code, "version", lambda name: "0.1" if name == library else installed(name))
    assert changed(before, keys(raw_params)) == before.keys()
