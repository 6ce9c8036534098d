"""What git is asked: of a repository's root, a part of it, none, and one that git refuses to read."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.system import checkout, git
from pipeline.system.errors import UserError

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run git in `tmp_path/whole`, a repository of one commit, of which `part` may be the project."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "user.gitconfig"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "user.gitconfig").write_text("[user]\nname = a\nemail = b\n", encoding="utf-8")

    def in_whole(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path / "whole"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    for name in ("params.yaml", "part/params.yaml", "part/pipeline/ä.py"):
        (tmp_path / "whole" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "whole" / name).write_text(f"{name}\n", encoding="utf-8")
    in_whole("init", "--quiet")
    in_whole("add", ".")
    in_whole("commit", "--quiet", "--message", "first")
    return in_whole


@pytest.fixture
def whole(tmp_path: Path, run: Run) -> Path:
    return tmp_path / "whole"


@pytest.mark.parametrize(("place", "prefix"), [(".", ""), ("part", "part/")])
def test_paths_are_those_of_the_folder(whole: Path, place: str, prefix: str) -> None:
    root = whole / place
    assert (git.top(root), git.prefix(root)) == (whole, prefix)
    assert git.content(root, "HEAD", "params.yaml") == f"{prefix}params.yaml\n".encode()
    assert git.content(root, "HEAD", "none.yaml") is None
    assert git.content(whole, "HEAD", "part") is None  # a folder
    assert not git.changed(root, "params.yaml")
    (root / "params.yaml").write_text("changed\n", encoding="utf-8")
    assert git.changed(root, "params.yaml")


def test_a_name_that_means_no_commit_is_no_fault(whole: Path, run: Run) -> None:
    assert git.commit(whole) == git.head(whole) == run("rev-parse", "HEAD")
    for name in ("nope", "HEAD~9", "", "-h", "--all", "HEAD:params.yaml", "a..b", "@{-1}", "HEAD^{/x}", "\n"):
        assert git.commit(whole, name) == "", name


def test_before_the_first_commit_there_is_none(tmp_path: Path, run: Run) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "new")], check=True)
    assert git.head(tmp_path / "new") == checkout.source_commit(tmp_path / "new") == ""


def test_what_the_user_has_configured_changes_no_answer(whole: Path, run: Run, tmp_path: Path) -> None:
    first = run("rev-parse", "HEAD")
    for name, value in {
        "log.showSignature": "true",
        "status.showUntrackedFiles": "no",
        "status.short": "false",
        "color.ui": "always",
        "core.quotePath": "true",
    }.items():
        run("config", "--global", name, value)
    assert checkout.source_commit(whole) == first
    assert git.lines(git.output(whole, "ls-files", "-z", "--", "part/pipeline")) == ["part/pipeline/ä.py"]
    (whole / "new.py").touch()
    assert git.changed(whole, "new.py")


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"])
def test_the_variables_of_a_hook_change_no_answer(
    whole: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = run("rev-parse", "HEAD")
    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert git.head(whole) == checkout.source_commit(whole) == first
    assert not git.changed(whole, "params.yaml")


def test_without_a_repository_it_is_one_line(tmp_path: Path, run: Run) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert git.head(outside) == checkout.source_commit(outside) == ""
    with pytest.raises(git.NoRepositoryError) as raised:
        git.prefix(outside)
    assert str(raised.value) == (
        f"git: expected a repository, received {outside}, which is in none; clone the project, or make one "
        "of it: git init, git add --all, git commit"
    )


def test_without_git_it_is_one_line(whole: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipeline.system.git.children.environment", lambda: {"PATH": str(tmp_path)})
    assert git.head(whole) == ""
    with pytest.raises(git.NoRepositoryError, match=r"^git: expected the program on PATH, received none;"):
        git.prefix(whole)


def test_a_repository_of_another_user_is_gits_own_reason(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for asked in (git.head, git.prefix, checkout.source_commit):
        with pytest.raises(UserError) as raised:
            asked(whole)
        said = str(raised.value)
        assert said.startswith("git ")
        assert f"detected dubious ownership in repository at '{whole}'" in said
        assert f"git config --global --add safe.directory {whole}" in said
        assert "\n" not in said


def test_a_damaged_repository_is_gits_own_reason(whole: Path, run: Run) -> None:
    digest = run("rev-parse", "HEAD:params.yaml")
    (whole / ".git" / "objects" / digest[:2] / digest[2:]).unlink()
    with pytest.raises(UserError, match=f"^git cat-file: expected an answer, received: .*{digest}"):
        git.content(whole, "HEAD", "params.yaml")
