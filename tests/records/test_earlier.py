"""Where earlier results are looked for: the work tree and the last commit, with git and without it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import records
from pipeline.plan import Run
from pipeline.records import earlier, files
from pipeline.system.errors import UserError
from tests.records.results import result

Start = Callable[..., Path]
WHO = ("-c", "user.name=a", "-c", "user.email=b")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_run: Callable[..., Run]) -> Start:
    """A project, `part` of a repository or the whole of it, whose DVC keeps one result of the stage l2."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "DVC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))

    def made(part: str = "", scm: bool = True) -> Path:
        whole = tmp_path / "study"
        root = whole / part
        folder = root / records.RUNS / "l2"
        folder.mkdir(parents=True)
        kept = result(tiny_run(trial=0), 1)
        files._write(folder / files.NUMBERS, files._rows, [files.row(kept)])
        if scm:
            call("git", "-C", str(whole), "init", "--quiet")
        dvc(root, "init", "--quiet", "--subdir" if part else "--force" if scm else "--no-scm")
        dvc(root, "add", "--quiet", str(folder))
        return root

    return made


def call(*command: str) -> None:
    subprocess.run(command, check=True)


def dvc(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=root, check=True)


def commit(root: Path) -> None:
    """Commit everything, and take the results out of the work tree."""
    call("git", "-C", str(root), "add", "--all")
    call("git", *WHO, "-C", str(root), "commit", "--quiet", "--message", "results")
    (root / records.RUNS / "l2.dvc").unlink()
    (root / records.RUNS / "l2" / files.NUMBERS).unlink()


@pytest.mark.parametrize("part", ["", "part", "of/a/larger"])
def test_what_the_last_commit_locks_is_taken_over(
    start: Start, tiny_run: Callable[..., Run], part: str
) -> None:
    root, run = start(part), tiny_run(trial=0)
    commit(root)
    assert earlier.take_over(root, "l2", [run]) == {run.key}
    assert [kept.run for kept in records.kept(root, [run])] == [run]


@pytest.mark.parametrize("scm", [True, False])
def test_before_a_commit_and_without_git_it_is_the_work_tree(
    start: Start, tiny_run: Callable[..., Run], scm: bool
) -> None:
    root, run = start(scm=scm), tiny_run(trial=0)
    assert earlier.take_over(root, "l2", [run, tiny_run(key="other")]) == {run.key}


def test_a_repository_of_another_user_is_gits_own_reason(
    start: Start, tiny_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = start()
    commit(root)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UserError, match=r"safe\.directory"):
        earlier.take_over(root, "l2", [tiny_run(trial=0)])
