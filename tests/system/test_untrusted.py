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
from pipeline.plan import Candidate, Run
from pipeline.records import Choice, files
from pipeline.system.errors import UserError
from tests import spoilt
from tests.records.results import result

MakeRun = Callable[..., Run]
CELL = "tiny/baseline"
STAGE = Path("results/runs/ridge")
TRIES = 60


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
    write(tmp_path, run)
    records.keep(tmp_path, result(run, 1))
    plan.write(tmp_path / records.PLANS, {"ridge": planned(run)})
    return tmp_path


def planned(run: Run) -> plan.Plan:
    return {CELL: [Candidate(trials=[], runs=[run])]}


def write(root: Path, run: Run) -> None:
    choices = {CELL: Choice(candidate=0, losses=[])}
    records.write(root, "ridge", planned(run), choices, {run.key: result(run, 1)})


@pytest.fixture
def unexploded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is there as soon as anything is unpickled."""
    path = tmp_path_factory.mktemp("bomb") / "exploded"
    yield path
    assert not path.exists()


PLAN, NUMBERS, CELLS = "results/plan/ridge.json", f"{STAGE}/runs.json", f"{STAGE}/cells.json"
ARCHIVE = f"{STAGE}/a-key.npz"
READERS: dict[str, Callable[[Path], Any]] = {
    NUMBERS: lambda root: records.cells(root, "ridge"),
    CELLS: lambda root: records.cells(root, "ridge"),
    ARCHIVE: lambda root: (
        records.read_weights(root, "ridge", "a-key"),
        records.read_logits(root, "ridge", "a-key"),
    ),
    PLAN: lambda root: plan.read(root / PLAN),
}


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


@pytest.mark.parametrize("spoil", spoilt.WAYS)
@pytest.mark.parametrize("name", READERS)
def test_a_spoilt_file_is_read_or_refused(
    root: Path, name: str, spoil: Callable[[bytes, np.random.Generator], bytes]
) -> None:
    content, rng = (root / name).read_bytes(), np.random.default_rng(0)
    refused = []
    for _ in range(TRIES):
        (root / name).write_bytes(spoil(content, rng))
        try:
            READERS[name](root)
        except UserError as error:
            refused.append(str(error))
    assert len(refused) > TRIES / 4
    assert all(map(str.isprintable, refused))


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
    for name in ("logits", "weights/logits/kernel"):
        np.savez(root / ARCHIVE, allow_pickle=True, **{name: poison})
        assert "allow_pickle=False" in refusal(root, ARCHIVE)


@pytest.mark.parametrize(
    "member",
    ["../../x.npy", "/etc/x.npy", "logits/../../x.npy", ".hidden.npy", "a//b.npy", "a\\b.npy", "\x1b[2J.npy"],
)
def test_a_member_with_a_hostile_name_is_refused(root: Path, member: str) -> None:
    with zipfile.ZipFile(root / ARCHIVE, "a") as archive:
        archive.writestr(member, b"")
    assert refusal(root, ARCHIVE).startswith("a member called ")


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(root: Path) -> None:
    np.savez_compressed(root / ARCHIVE, kernel=np.zeros(10**6, np.float32))
    assert refusal(root, ARCHIVE).startswith("the member kernel.npy compressed")


HOSTILE = ["../../x", "..", "/etc", "a/../b", "", "a\nb", "\x1b[2J", ".hidden", "x" * 5000]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["setting", "variant"])
@pytest.mark.parametrize("name", [NUMBERS, CELLS, PLAN])
def test_a_name_that_is_a_path_is_refused(root: Path, name: str, field: str, value: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    original = {"setting": "tiny", "variant": "baseline"}[field]
    (root / name).write_text(
        re.sub(rf'("{field}": ?)"{original}"', lambda match: match[1] + json.dumps(value), text),
        encoding="utf-8",
    )
    assert f"{field}: " in refusal(root, name)


@pytest.mark.parametrize("field", ["question", "label", "key"])
@pytest.mark.parametrize("value", [value for value in HOSTILE if value and "xx" not in value])
def test_another_name_that_is_a_path_is_refused(tiny_run: MakeRun, field: str, value: str) -> None:
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
    (row,) = json.loads((root / NUMBERS).read_text(encoding="utf-8"))
    (root / NUMBERS).write_text(json.dumps([row | change]), encoding="utf-8")
    assert refusal(root, NUMBERS).startswith("at 0.")


def test_a_kept_run_is_of_the_run_that_its_name_says(root: Path, run: Run, tiny_run: MakeRun) -> None:
    kept = root / records.KEPT
    assert [result.run for result in records.kept(root, [run])] == [run]
    (kept / "other.npz").write_bytes((kept / "a-key.npz").read_bytes())
    renamed = tiny_run(key="other")
    assert "the run a-key" in refusal(root, "results/kept/other.npz", lambda at: records.kept(at, [renamed]))


def test_a_kept_run_is_not_unpickled(root: Path, run: Run, unexploded: Path) -> None:
    name = "results/kept/a-key.npz"
    np.savez(root / name, row=np.array([Bomb(unexploded)], dtype=object), logits=np.zeros(2))
    assert "allow_pickle=False" in refusal(root, name, lambda at: records.kept(at, [run]))


def test_nothing_is_written_through_a_link(root: Path, run: Run) -> None:
    mine = root / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine", encoding="utf-8")
    (kept,) = records.kept(root, [run])
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
    records.keep(root, kept)
    write(root, run)
    files.prune(root, {"ridge": planned(run)})
    assert {path.name: path.read_text(encoding="utf-8") for path in mine.iterdir()} == {"file": "mine"}
    assert not (root / "results/runs/gone").is_symlink()
