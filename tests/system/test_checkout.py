"""Which checkout a folder belongs to, and what git says of one: asked of a small real repository."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.system import checkout
from pipeline.system.errors import UserError

Git = Callable[..., str]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/home/ada/study", "/home/ada/study"),
        ("/home/ada/study/.dvc/tmp/exps/tmpab12cd", "/home/ada/study"),
        ("/home/ada/study/.dvc/tmp/exps/standalone/tmpab12cd", "/home/ada/study"),
        ("/home/ada/.dvc/tmp/exps/x/study/.dvc/tmp/exps/tmpab12cd", "/home/ada/.dvc/tmp/exps/x/study"),
        ("/home/ada/study/.dvc/tmp/exps", "/home/ada/study/.dvc/tmp/exps"),
        ("/home/ada/dvc/tmp/exps/study", "/home/ada/dvc/tmp/exps/study"),
        ("/home/ada/tmp/exps/study", "/home/ada/tmp/exps/study"),
        ("/study", "/study"),
    ],
)
def test_the_checkout_that_a_copy_belongs_to(root: str, expected: str) -> None:
    assert checkout.main_checkout(Path(root)) == Path(expected)


def test_the_root_is_the_folder_of_the_package(repository: Path) -> None:
    assert repository == checkout.ROOT
    assert (checkout.ROOT / "pipeline" / "system" / "checkout.py").samefile(str(checkout.__file__))


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Run git in `tmp_path`, which begins as a repository of one commit, whatever git the user has set up."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    nobody = {"NAME": "Nobody", "EMAIL": "nobody@example.org"}
    for who in ("AUTHOR", "COMMITTER"):
        for key, value in nobody.items():
            monkeypatch.setenv(f"GIT_{who}_{key}", value)
    for scope in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"GIT_CONFIG_{scope}", str(tmp_path / "none.gitconfig"))
    (tmp_path / "none.gitconfig").touch()

    def run(*arguments: str) -> str:
        ended = subprocess.run(
            ["git", "-C", str(tmp_path / "study"), *arguments], capture_output=True, text=True, check=True
        )
        return ended.stdout.strip()

    (tmp_path / "study" / "pipeline").mkdir(parents=True)
    for name in (*checkout.SOURCES[1:], "pipeline/code.py", "README.md"):
        (tmp_path / "study" / name).write_text(f"{name}\n", encoding="utf-8")
    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "--message", "first")
    return run


@pytest.fixture
def study(tmp_path: Path, git: Git) -> Path:
    return tmp_path / "study"


def dirty(root: Path) -> bool:
    checkout.dirty.cache_clear()
    return checkout.dirty(root)


@pytest.mark.parametrize("name", ["pipeline/code.py", "params.yaml", "dvc.yaml", "requirements.lock"])
def test_a_changed_source_is_dirty_until_it_is_committed(study: Path, git: Git, name: str) -> None:
    assert not dirty(study)
    (study / name).write_text("changed\n", encoding="utf-8")
    assert dirty(study)
    git("add", ".")
    assert dirty(study)
    git("commit", "--quiet", "--message", "second")
    assert not dirty(study)


def test_a_new_or_missing_source_is_dirty(study: Path) -> None:
    new = study / "pipeline" / "new.py"
    new.touch()
    assert dirty(study)
    new.unlink()
    assert not dirty(study)
    (study / "params.yaml").unlink()
    assert dirty(study)


def test_what_the_pipeline_writes_is_not_dirty(study: Path) -> None:
    (study / "reports").mkdir()
    (study / "reports" / "report.md").touch()
    (study / "README.md").write_text("changed\n", encoding="utf-8")
    assert not dirty(study)


def test_the_commit_of_the_sources_stays_when_results_are_committed(study: Path, git: Git) -> None:
    first = git("rev-parse", "HEAD")
    (study / "README.md").write_text("results\n", encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "results")
    assert checkout.source_commit(study) == first != git("rev-parse", "HEAD")
    (study / "params.yaml").write_text("changed\n", encoding="utf-8")
    assert checkout.source_commit(study) == first
    git("commit", "--quiet", "--all", "--message", "parameters")
    assert checkout.source_commit(study) == git("rev-parse", "HEAD") != first


def test_outside_git_there_is_no_commit(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    assert checkout.source_commit(outside) == ""
    assert not dirty(outside)


def test_a_clone_has_the_bytes_of_the_commit_whatever_line_ends_the_user_wants(
    repository: Path, tmp_path: Path, git: Git
) -> None:
    study = tmp_path / "study"
    shutil.copy(repository / ".gitattributes", study)
    (study / "pipeline" / "code.py").write_bytes(b"one\ntwo\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "second")
    clone = tmp_path / "clone"
    options = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", "clone", "--quiet", *options, str(study), str(clone)], check=True)
    assert (clone / "pipeline" / "code.py").read_bytes() == b"one\ntwo\n"


def test_where_git_fails_there_is_no_empty_commit(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for asked in (checkout.source_commit, dirty):
        with pytest.raises(UserError, match=r"safe\.directory"):
            asked(study)
