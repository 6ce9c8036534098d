"""The runs that an unfinished stage has kept: given as they would be trained now."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import records
from pipeline.plan import Run
from tests.records.results import result

MakeRun = Callable[..., Run]
EARLY = {"early_stopping": {"patience": 3}}  # which looks at every epoch


def test_a_run_is_kept_whole(tmp_path: Path, tiny_run: MakeRun) -> None:
    whole = result(tiny_run(), 1)
    records.keep(tmp_path, whole)
    (kept,) = records.kept(tmp_path, [whole.run])
    for name in ("run", "final", "processor", "seconds"):
        assert getattr(kept, name) == getattr(whole, name)
    assert np.array_equal(kept.logits, whole.logits)
    for name, values in whole.weights.items():
        assert np.array_equal(kept.weights[name], values)
    for name, values in whole.history.items():
        assert kept.history[name].tolist() == values.tolist()


def test_whoever_asks_gets_it_under_its_own_names(tmp_path: Path, tiny_run: MakeRun) -> None:
    records.keep(tmp_path, result(tiny_run(), 1))
    asked = tiny_run(setting="other", question="mine", label="rate=1")
    (kept,) = records.kept(tmp_path, [asked])
    assert kept.run == asked


@pytest.mark.parametrize(
    ("regularizers", "kept_with", "asked_for", "names"),
    [
        ({}, True, True, ["loss", "train_error"]),
        ({}, False, False, ["loss", "train_error"]),  # what is kept has nothing to leave out
        ({}, False, True, None),  # to be trained again, for its curves
        ({}, True, False, ["loss"]),  # as a run without curves leaves it
        (EARLY, True, False, ["loss", "train_error"]),
        (EARLY, False, True, ["loss", "train_error"]),
    ],
)
def test_curves_are_there_where_they_are_asked_for(
    tmp_path: Path,
    tiny_run: MakeRun,
    regularizers: dict[str, dict[str, int]],
    kept_with: bool,
    asked_for: bool,
    names: list[str] | None,
) -> None:
    whole = result(tiny_run(regularizers=regularizers, curves=kept_with), 1)
    records.keep(tmp_path, replace(whole, final=whole.final | {"best_epoch": 2}))
    kept = records.kept(tmp_path, [tiny_run(regularizers=regularizers, curves=asked_for)])
    assert [list(each.history) for each in kept] == ([] if names is None else [names])
    if kept:
        assert ("best_epoch" in kept[0].final) is not (names == ["loss"])


def test_released_runs_are_gone(tmp_path: Path, tiny_run: MakeRun) -> None:
    run = tiny_run()
    records.keep(tmp_path, result(run, 1))
    records.release(tmp_path, [run, tiny_run(key="never")])
    assert records.kept(tmp_path, [run]) == []
