"""What a training stage leaves on disk: read as written, the same bytes twice, nothing pickled."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import records
from pipeline.plan import Run
from pipeline.records import Result

MakeRun = Callable[..., Run]
RUNS = Path("results/runs")


def result(run: Run, number: int, seconds: float = 1.0) -> Result:
    """Arrays that tell which run they are of: 3 epochs, 4 test images, 2 classes, one layer of 5 x 2."""
    return Result(
        run=run,
        history={"loss": np.array([3.0, 2.0, 1.0]) + number, "train_error": np.array([0.1, 0.2, 0.3]) / 3},
        final={"test_error": 0.1 + number / 3, "epochs": 3},
        logits=np.full((4, 2), number, np.float32),
        weights={
            "logits/kernel": np.arange(10, dtype=np.float32).reshape(5, 2) + 100 * number,
            "logits/bias": np.array([number, -number], np.float32),
        },
        seconds={"training": seconds},
    )


@pytest.fixture
def results(tiny_run: MakeRun) -> list[Result]:
    """Three runs in one setting and two in another, in the order of a plan."""
    places = [("first", 0), ("first", 1), ("first", 2), ("second", 0), ("second", 1)]
    return [
        result(tiny_run(setting=setting, init=init, key=f"{setting}-{init}"), number)
        for number, (setting, init) in enumerate(places)
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_numbers_are_read_as_written(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    received = records.read(tmp_path, "ridge")
    assert [record.run for record in received] == [written.run for written in results]
    assert [record.final for record in received] == [written.final for written in results]
    for record, written in zip(received, results, strict=True):
        assert list(record.history) == ["loss", "train_error"]
        for name, values in written.history.items():
            assert record.history[name].tolist() == values.tolist()


@given(values=st.lists(st.floats(allow_nan=False), min_size=1))
def test_every_number_keeps_all_its_digits(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: MakeRun, values: list[float]
) -> None:
    root = tmp_path_factory.mktemp("records")
    whole = result(tiny_run(), 0)
    written = Result(**vars(whole) | {"history": {"loss": np.array(values)}, "final": {"last": values[-1]}})
    records.write(root, "ridge", [written])
    (received,) = records.read(root, "ridge")
    assert received.history["loss"].tolist() == values
    assert received.final == {"last": values[-1]}


def test_arrays_are_read_by_setting_in_the_order_of_the_plan(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    for setting, members in {"first": results[:3], "second": results[3:]}.items():
        logits = records.read_logits(tmp_path, "ridge", f"{setting}/baseline")
        assert logits.shape == (len(members), 4, 2)
        assert logits.dtype == np.float32
        for number, member in enumerate(members):
            assert np.array_equal(logits[number], member.logits)
            weights = records.read_weights(tmp_path, "ridge", f"{setting}/baseline")
            assert weights.keys() == {"logits/kernel", "logits/bias"}
            for name, array in weights.items():
                assert np.array_equal(array[number], member.weights[name])
                assert array.dtype == np.float32


def test_the_same_results_give_the_same_bytes_whatever_the_time(
    tmp_path: Path, tiny_run: MakeRun, results: list[Result]
) -> None:
    slower = [result(r.run, number, seconds=9.0) for number, r in enumerate(results)]
    records.write(tmp_path / "once", "ridge", results)
    records.write(tmp_path / "again", "ridge", slower)
    once, again = contents(tmp_path / "once" / RUNS), contents(tmp_path / "again" / RUNS)
    assert once == again
    assert sorted(once) == [
        "ridge/first/baseline/logits.npy",
        "ridge/first/baseline/weights.npz",
        "ridge/runs.json",
        "ridge/second/baseline/logits.npy",
        "ridge/second/baseline/weights.npz",
        "ridge/trials.json",
    ]


def test_an_archive_has_no_date(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    with zipfile.ZipFile(tmp_path / RUNS / "ridge" / "first/baseline/weights.npz") as archive:
        dates = {member.date_time for member in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}  # the first that a zip can say


def test_how_long_the_runs_took_is_written_apart(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["runs", "timing"]
    timing = json.loads((tmp_path / "results" / "timing" / "ridge.json").read_text(encoding="utf-8"))
    assert timing == {
        key: {"training": 1.0} for key in ("first-0", "first-1", "first-2", "second-0", "second-1")
    }


def test_nothing_is_pickled(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    arrays = sorted((tmp_path / RUNS).rglob("*.np[yz]"))
    assert len(arrays) == 4
    for path in arrays:
        loaded = np.load(path, allow_pickle=False)
        for array in [loaded] if path.suffix == ".npy" else loaded.values():
            assert array.dtype == np.float32


def test_an_array_of_objects_is_refused(tmp_path: Path, tiny_run: MakeRun) -> None:
    whole = result(tiny_run(), 0)
    for field, value in (
        ("logits", np.array([[None]])),
        ("weights", {"logits/bias": np.array([None])}),
    ):
        with pytest.raises(ValueError, match="allow_pickle=False"):
            records.write(tmp_path, "ridge", [Result(**vars(whole) | {field: value})])


def test_earlier_results_are_replaced_and_never_written_into(tmp_path: Path, results: list[Result]) -> None:
    records.write(tmp_path, "ridge", results)
    folder, cache = tmp_path / RUNS / "ridge", tmp_path / "cache"
    cache.mkdir()
    for path in filter(Path.is_file, folder.rglob("*")):  # as DVC links what it keeps
        (cache / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        (cache / path.relative_to(folder)).hardlink_to(path)
    kept = contents(cache)
    records.write(tmp_path, "ridge", results[:2])
    assert contents(cache) == kept
    assert sorted(contents(folder)) == [
        "first/baseline/logits.npy",
        "first/baseline/weights.npz",
        "runs.json",
        "trials.json",
    ]
    assert [record.run for record in records.read(tmp_path, "ridge")] == [r.run for r in results[:2]]


def test_prune_removes_the_undeclared_and_nothing_else(tmp_path: Path, results: list[Result]) -> None:
    for variant in ("baseline", "ridge", "gone", "ridge_old"):
        records.write(tmp_path, variant, results)
    before = contents(tmp_path / RUNS)
    records.prune(tmp_path, {"baseline": {}, "ridge": {}, "never_run": {}})
    assert sorted(path.name for path in (tmp_path / RUNS).iterdir()) == ["baseline", "ridge"]
    kept = {name: content for name, content in before.items() if name.split("/")[0] in ("baseline", "ridge")}
    assert contents(tmp_path / RUNS) == kept


def test_there_may_be_nothing_to_prune(tmp_path: Path) -> None:
    records.prune(tmp_path, {"baseline": {}})
    assert list(tmp_path.iterdir()) == []
