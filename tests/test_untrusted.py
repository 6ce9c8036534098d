"""Results that somebody has tampered with: one line that names the file, and nothing of them is run."""

import json
import os
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import plan, records
from pipeline.errors import UserError
from pipeline.plan import Run
from pipeline.records import Choice, Result

MakeRun = Callable[..., Run]
CELL = "tiny/baseline"
FOLDER = Path("results/runs/ridge")


class Bomb:
    """What it touches when it is unpickled stays there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def run(tiny_run: MakeRun) -> Run:
    return tiny_run(key="a-key")


@pytest.fixture
def root(tmp_path: Path, run: Run) -> Path:
    """A folder with the results of one run, written and kept."""
    kernel = np.ones((3, 2), np.float32)
    result = Result(
        run=run,
        history={"loss": np.array([2.0, 1.0])},
        final={"test_error": 0.5, "epochs": 2},
        logits=np.zeros((4, 2), np.float32),
        weights={"logits/kernel": kernel},
        seconds={"training": 1.0},
    )
    records.write(tmp_path, "ridge", [result])
    records.write_choices(tmp_path, "ridge", {CELL: Choice(candidate=0, losses=[])})
    records.keep(tmp_path, result)
    plan.write(tmp_path / records.PLANS, {"ridge": {CELL: [plan.Candidate(trials=[], runs=[run])]}})
    return tmp_path


@pytest.fixture
def unexploded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is there as soon as anything is unpickled."""
    path = tmp_path_factory.mktemp("bomb") / "exploded"
    yield path
    assert not path.exists()


READERS: dict[str, Callable[[Path], Any]] = {
    "results/runs/ridge/runs.json": lambda root: records.read(root, "ridge"),
    "results/runs/ridge/trials.json": lambda root: records.read_trials(root, "ridge"),
    "results/runs/ridge/choices.json": lambda root: records.read_choices(root, "ridge"),
    f"results/runs/ridge/{CELL}/logits.npy": lambda root: records.read_logits(root, "ridge", CELL),
    f"results/runs/ridge/{CELL}/weights.npz": lambda root: records.read_weights(root, "ridge", CELL),
    "results/plan/ridge.json": lambda root: plan.read(root / "results/plan/ridge.json"),
}
JSON = [name for name in READERS if name.endswith(".json")]
NPZ = f"results/runs/ridge/{CELL}/weights.npz"


def refusal(root: Path, name: str, reader: Callable[[Path], Any] | None = None) -> str:
    """The line with which a file is refused, without its beginning, which names the file."""
    with pytest.raises(UserError) as refused:
        (reader or READERS[name])(root)
    line = str(refused.value)
    assert line.isprintable()  # so it is one line
    beginning = f"{root / name}: expected what a stage wrote there, received "
    assert line.startswith(beginning)
    missing = line.startswith(f"{beginning}no file")
    assert line.endswith(f"; {'' if missing else 'remove it and '}run dvc repro, or dvc checkout")
    return line.removeprefix(beginning)


@pytest.mark.parametrize("name", READERS)
def test_what_was_written_is_read(root: Path, name: str) -> None:
    assert READERS[name](root) is not None


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file_is_named(root: Path, name: str) -> None:
    (root / name).unlink()
    assert refusal(root, name).startswith("no file")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"{", b"[1]", b"PK\x03\x04"])
def test_bytes_of_another_kind_are_refused(root: Path, name: str, content: bytes) -> None:
    (root / name).write_bytes(content)
    refusal(root, name)


@pytest.mark.parametrize("name", READERS)
def test_half_a_file_is_refused(root: Path, name: str) -> None:
    content = (root / name).read_bytes()
    (root / name).write_bytes(content[: len(content) // 2])
    refusal(root, name)


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_not_waited_for(root: Path, name: str) -> None:
    (root / name).unlink()
    os.mkfifo(root / name)
    assert refusal(root, name).startswith("something else")


@pytest.mark.parametrize("name", READERS)
def test_a_link_out_of_the_results_tells_nothing_of_what_it_points_at(root: Path, name: str) -> None:
    secret = root / "secret"
    secret.write_text('{"password": "hunter2"}', encoding="utf-8")
    (root / name).unlink()
    (root / name).symlink_to(secret)
    assert "hunter2" not in refusal(root, name)


@pytest.mark.parametrize("name", READERS)
def test_a_pickle_is_not_opened(root: Path, name: str, unexploded: Path) -> None:
    (root / name).write_bytes(pickle.dumps(Bomb(unexploded)))
    refusal(root, name)


def test_an_array_of_objects_is_not_opened(root: Path, unexploded: Path) -> None:
    poison = np.array([[[Bomb(unexploded)]]], dtype=object)
    name = f"results/runs/ridge/{CELL}/logits.npy"
    np.save(root / name, poison, allow_pickle=True)
    assert "Python objects" in refusal(root, name)
    np.savez(root / NPZ, allow_pickle=True, **{"logits/kernel": poison})
    assert "allow_pickle=False" in refusal(root, NPZ)


@pytest.mark.parametrize("shape", [(2,), (2, 2), (1, 1, 2, 2)])
def test_logits_have_three_axes(root: Path, shape: tuple[int, ...]) -> None:
    name = f"results/runs/ridge/{CELL}/logits.npy"
    np.save(root / name, np.zeros(shape))
    assert refusal(root, name).startswith(f"an array of {len(shape)} axes of float64, not 3 of numbers")


@pytest.mark.parametrize(
    "member",
    ["../../x.npy", "/etc/x.npy", "logits/../../x.npy", ".hidden.npy", "a//b.npy", "a\\b.npy", "\x1b[2J.npy"],
)
def test_a_member_with_a_hostile_name_is_refused(root: Path, member: str) -> None:
    with zipfile.ZipFile(root / NPZ, "a") as archive:
        archive.writestr(member, b"")
    assert refusal(root, NPZ).startswith("a member called ")


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(root: Path) -> None:
    np.savez_compressed(root / NPZ, kernel=np.zeros(10**6, np.float32))
    assert refusal(root, NPZ).startswith("the member kernel.npy compressed")


HOSTILE = ["../../x", "..", "/etc", "a/../b", "", "a\nb", "\x1b[2J", ".hidden", "x" * 5000]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["setting", "variant"])
@pytest.mark.parametrize("name", ["results/runs/ridge/runs.json", "results/plan/ridge.json"])
def test_a_name_that_is_a_path_is_refused(root: Path, name: str, field: str, value: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    original = {"setting": "tiny", "variant": "baseline"}[field]
    (root / name).write_text(
        re.sub(rf'("{field}": ?)"{original}"', lambda found: found[1] + json.dumps(value), text),
        encoding="utf-8",
    )
    assert f"{field}: " in refusal(root, name)


@pytest.mark.parametrize("field", ["point", "key"])
@pytest.mark.parametrize("value", [value for value in HOSTILE if value and "xx" not in value])
def test_a_point_or_a_key_that_is_a_path_is_refused(tiny_run: MakeRun, field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        tiny_run(**{field: value})


@pytest.mark.parametrize(
    "change",
    [
        {"final": {"test_error": "half"}},
        {"final": {"test_error": [0.5]}},
        {"final": None},
        {"history": {"loss": [1.0, "os.system"]}},
        {"history": {"loss": {"__reduce__": 1}}},
        {"more": 1},
        {"run": {}},
        {"run": "a-key"},
    ],
    ids=str,
)
def test_a_row_of_another_shape_is_refused(root: Path, change: dict[str, Any]) -> None:
    name = "results/runs/ridge/runs.json"
    (row,) = json.loads((root / name).read_text(encoding="utf-8"))
    (root / name).write_text(json.dumps([row | change]), encoding="utf-8")
    assert refusal(root, name).startswith("at 0.")


def test_a_kept_run_is_of_the_run_that_its_name_says(root: Path, run: Run, tiny_run: MakeRun) -> None:
    kept = root / records.KEPT
    assert [result.run for result in records.kept(root, [run])] == [run]
    (kept / "other.npz").write_bytes((kept / "a-key.npz").read_bytes())
    other = tiny_run(key="other")
    assert "the run a-key" in refusal(root, "results/kept/other.npz", lambda at: records.kept(at, [other]))


def test_a_kept_run_is_not_unpickled(root: Path, run: Run, unexploded: Path) -> None:
    name = "results/kept/a-key.npz"
    np.savez(root / name, row=np.array([Bomb(unexploded)], dtype=object), logits=np.zeros(2))
    assert "allow_pickle=False" in refusal(root, name, lambda at: records.kept(at, [run]))


def test_nothing_is_written_through_a_link(root: Path, run: Run) -> None:
    mine = root / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine", encoding="utf-8")
    (result,) = records.kept(root, [run])
    for link, target in {
        "results/kept/a-key.part": mine / "file",
        "results/timing/ridge.json": mine / "file",
        "results/runs/ridge": mine,
        "results/runs/gone": mine,
    }.items():
        path = root / link
        if path.is_dir():
            path.rename(root / "aside")
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    records.keep(root, result)
    records.write(root, "ridge", [result])
    records.prune(root, {"ridge": {CELL: [plan.Candidate(trials=[], runs=[run])]}})
    assert {path.name: path.read_text(encoding="utf-8") for path in mine.iterdir()} == {"file": "mine"}
    assert not (root / "results/runs/gone").is_symlink()
