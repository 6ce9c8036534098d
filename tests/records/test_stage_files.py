"""What a training stage leaves on disk: read as written, the same bytes twice, nothing pickled."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import records
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Result, files
from tests.records.results import result

MakeRun = Callable[..., Run]
RUNS = Path("results/runs")
KEYS = ("first-0", "first-1", "first-2", "second-0", "second-1")


@pytest.fixture
def planned(tiny_run: MakeRun) -> Plan:
    """A cell of three runs, one of two, and a question's of two that are in the first already."""

    def runs(setting: str, inits: range, **labels: str) -> list[Candidate]:
        names = {"setting": setting, **labels}
        return [Candidate(trials=[], runs=[tiny_run(**names, init=i, key=f"{setting}-{i}") for i in inits])]

    shared = [run.model_copy(update={"question": "mine"}) for run in runs("first", range(2))[0].runs]
    return {
        "first/baseline": runs("first", range(3)),
        "second/baseline": runs("second", range(2)),
        "first/baseline/mine": [Candidate(trials=[], runs=shared)],
    }


def results(planned: Plan, seconds: float = 1.0) -> dict[str, Result]:
    runs = {run.key: run for candidates in planned.values() for run in candidates[0].runs if not run.question}
    return {key: result(run, KEYS.index(key), seconds) for key, run in runs.items()}


def write(root: Path, stage: str, planned: Plan, made: dict[str, Result] | None = None) -> None:
    choices = dict.fromkeys(planned, Choice(candidate=0, losses=[]))
    records.write(root, stage, planned, choices, made or results(planned))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_numbers_are_read_as_written(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path, "ridge", planned)
    received, made = records.cells(tmp_path, "ridge"), results(planned)
    assert list(received) == list(planned)
    for name, cell in received.items():
        assert [record.run for record in cell.reported] == planned[name][0].runs  # as the cell calls them
        assert (cell.trials, cell.choice) == ([], Choice(candidate=0, losses=[]))
        for record in cell.reported:
            written = made[record.run.key]
            assert (record.final, record.processor) == (written.final, written.processor)
            assert list(record.history) == ["loss", "train_error"]
            for series, values in written.history.items():
                assert record.history[series].tolist() == values.tolist()


@given(values=st.lists(st.floats(allow_nan=False), min_size=1))
def test_every_number_keeps_all_its_digits(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: MakeRun, values: list[float]
) -> None:
    root = tmp_path_factory.mktemp("records")
    run = tiny_run()
    whole = vars(result(run, 0))
    written = Result(**whole | {"history": {"loss": np.array(values)}, "final": {"last": values[-1]}})
    write(root, "ridge", {"cell": [Candidate(trials=[], runs=[run])]}, {run.key: written})
    (received,) = records.cells(root, "ridge")["cell"].reported
    assert received.history["loss"].tolist() == values
    assert received.final == {"last": values[-1]}


def test_the_arrays_of_a_run_are_read_by_its_key(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path, "ridge", planned)
    for key, written in results(planned).items():
        logits = records.read_logits(tmp_path, "ridge", key)
        assert logits.dtype == np.float32
        assert np.array_equal(logits, written.logits)
        weights = records.read_weights(tmp_path, "ridge", key)
        assert weights.keys() == {"logits/kernel", "logits/bias"}
        for name, array in weights.items():
            assert np.array_equal(array, written.weights[name])
            assert array.dtype == np.float32


def test_a_trial_keeps_its_numbers_only(tmp_path: Path, tiny_run: MakeRun) -> None:
    trial, run = tiny_run(trial=1, key="trial"), tiny_run(key="run")
    candidates = [Candidate(trials=[trial], runs=[run]), Candidate(trials=[], runs=[tiny_run(key="no")])]
    choices = {"cell": Choice(candidate=0, losses=[0.5, 0.7])}
    made = {chosen.key: result(chosen, number) for number, chosen in enumerate((trial, run))}
    records.write(tmp_path, "ridge", {"cell": candidates}, choices, made)
    assert sorted(contents(tmp_path / RUNS / "ridge")) == ["cells.json", "run.npz", "runs.json"]
    cell = records.cells(tmp_path, "ridge")["cell"]
    assert cell.choice == choices["cell"]
    assert [record.run for record in (*cell.trials, *cell.reported)] == [trial, run]


def test_the_same_results_give_the_same_bytes_whatever_the_time(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path / "once", "ridge", planned)
    write(tmp_path / "again", "ridge", planned, results(planned, seconds=9.0))
    once, again = contents(tmp_path / "once" / RUNS), contents(tmp_path / "again" / RUNS)
    assert once == again
    files_of_ridge = {"cells.json", "runs.json", *(f"{key}.npz" for key in KEYS)}
    assert set(once) == {f"ridge/{name}" for name in files_of_ridge}


def test_an_archive_is_written_alike_by_every_python(tmp_path: Path, planned: Plan) -> None:
    """A Python that leaves a size open in its headers writes other bytes than one that does not."""
    write(tmp_path, "ridge", planned)
    content = (tmp_path / RUNS / "ridge" / "first-0.npz").read_bytes()
    at = 0
    while content[at : at + 4] == b"PK\x03\x04":  # the header before a member, of PKWARE's APPNOTE 4.3.7
        version, flags, method, time, date, _, packed, size, name, more = struct.unpack_from(
            "<5H3L2H", content, at + 4
        )
        assert (version, flags, method, packed, more) == (20, 0, 0, size, 0)
        assert (time, date) == (0, 1 << 5 | 1)  # 1980-01-01, the first that it can say
        at += 30 + name + size
    assert content[at : at + 4] == b"PK\x01\x02"


def test_how_long_the_runs_took_is_written_apart(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path, "ridge", planned)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["runs", "timing"]
    timing = json.loads((tmp_path / "results" / "timing" / "ridge.json").read_text(encoding="utf-8"))
    assert timing == {key: {"training": 1.0} for key in KEYS}
    assert records.timed(tmp_path, "ridge") == set(KEYS)
    assert records.timed(tmp_path, "never") == set()


def test_processors_are_counted(tmp_path: Path, planned: Plan) -> None:
    made = results(planned)
    made["first-1"] = Result(**vars(made["first-1"]) | {"processor": "another"})
    write(tmp_path, "ridge", planned, made)
    write(tmp_path, "lasso", {name: planned[name] for name in ("second/baseline",)})
    assert records.processors(tmp_path, ["ridge", "lasso"]) == {"a processor": 4 + 2, "another": 1}


def test_nothing_is_pickled(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path, "ridge", planned)
    archives = sorted((tmp_path / RUNS).rglob("*.npz"))
    assert len(archives) == 5
    for path in archives:
        for array in np.load(path, allow_pickle=False).values():
            assert array.dtype == np.float32


def test_an_array_of_objects_is_refused(tmp_path: Path, tiny_run: MakeRun) -> None:
    run = tiny_run()
    whole = vars(result(run, 0))
    for changes in ({"logits": np.array([[None]])}, {"weights": {"logits/bias": np.array([None])}}):
        planned = {"cell": [Candidate(trials=[], runs=[run])]}
        with pytest.raises(ValueError, match="allow_pickle=False"):
            write(tmp_path, "ridge", planned, {run.key: Result(**whole | changes)})


def test_earlier_results_are_replaced_and_never_written_into(tmp_path: Path, planned: Plan) -> None:
    write(tmp_path, "ridge", planned)
    folder, cache = tmp_path / RUNS / "ridge", tmp_path / "cache"
    cache.mkdir()
    for path in folder.iterdir():  # as DVC links what it keeps
        (cache / path.name).hardlink_to(path)
    kept = contents(cache)
    fewer = {"second/baseline": planned["second/baseline"]}
    write(tmp_path, "ridge", fewer)
    assert contents(cache) == kept
    assert sorted(contents(folder)) == ["cells.json", "runs.json", "second-0.npz", "second-1.npz"]
    assert list(records.cells(tmp_path, "ridge")) == ["second/baseline"]


def test_prune_removes_the_undeclared_and_nothing_else(tmp_path: Path, planned: Plan) -> None:
    for stage in ("baseline", "ridge", "gone", "ridge_old"):
        write(tmp_path, stage, planned)
    before = contents(tmp_path / RUNS)
    files.prune(tmp_path, {"baseline": {}, "ridge": {}, "never_run": {}})
    assert sorted(path.name for path in (tmp_path / RUNS).iterdir()) == ["baseline", "ridge"]
    kept = {name: content for name, content in before.items() if name.split("/")[0] in ("baseline", "ridge")}
    assert contents(tmp_path / RUNS) == kept


def test_there_may_be_nothing_to_prune(tmp_path: Path) -> None:
    files.prune(tmp_path, {"baseline": {}})
    assert list(tmp_path.iterdir()) == []
