"""The results of another commit, without a checkout: from git and from DVC's cache."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.system.errors import UserError
from pipeline.tracking.study import revision

KEPT = ("results/plan", "results/runs", "data/images", "data/splits")


def run(root: Path, environment: Mapping[str, str], *command: str) -> None:
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of git and DVC whose last commit has results, and whose work tree has others."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "checkout"
    root.mkdir()
    for path in KEPT:
        (root / path).mkdir(parents=True)
        (root / path / "file.json").write_text(f"committed {path}", encoding="utf-8")
    (root / "reports").mkdir()
    (root / "reports" / "report.md").write_text("committed", encoding="utf-8")
    (root / "dvc.lock").write_text("schema: '2.0'\n", encoding="utf-8")
    run(root, environment, "git", "init", "--quiet")
    run(root, environment, sys.executable, "-m", "dvc", "init", "--quiet")
    run(root, environment, sys.executable, "-m", "dvc", "add", "--quiet", *KEPT)
    run(root, environment, "git", "add", "--all")
    run(root, environment, "git", "commit", "--quiet", "--message", "results")
    for path in (*(f"{folder}/file.json" for folder in KEPT), "reports/report.md"):
        (root / path).unlink()
        (root / path).write_text("changed", encoding="utf-8")
    return root


def test_what_another_commit_says_is_read_and_nothing_is_changed(checkout: Path) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    )
    with revision.results(checkout, "HEAD") as (there, commit):
        assert commit == head.stdout.strip()
        for path in KEPT:
            assert (there / path / "file.json").read_text(encoding="utf-8") == f"committed {path}"
        assert (there / "reports" / "report.md").read_text(encoding="utf-8") == "committed"
    assert not there.exists()
    assert (checkout / "results/plan/file.json").read_text(encoding="utf-8") == "changed"


@pytest.mark.parametrize("rev", ["nonsense", "--all"])
def test_what_is_no_revision_is_one_line(checkout: Path, rev: str) -> None:
    said = rf"^--rev: expected a revision of git, received '{rev}'; git log shows them$"
    with pytest.raises(UserError, match=said), revision.results(checkout, rev):
        pass
