"""A repository whose history the tests write."""

from pathlib import Path

import pytest

from tests.compare.history import CODE, History


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """An empty repository with code in it, whatever git the user has set up."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Nobody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nobody@example.org")
    for scope in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"GIT_CONFIG_{scope}", str(tmp_path / "none.gitconfig"))
    (tmp_path / "none.gitconfig").touch()
    made = History(tmp_path / "study")
    for path in CODE:
        made.write(path, f"# {path}\n")
    made.git("init", "--quiet")
    return made
