"""The results of another commit, read from git and DVC's cache into a folder that is removed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import records
from pipeline.datasets import prepared
from pipeline.system import children, git
from pipeline.system.errors import UserError
from pipeline.tracking.study.sources import LOCK

IN_GIT = ("reports", LOCK, ".dvc/config")
IN_DVC = (records.PLANS, records.RUNS, prepared.IMAGES, prepared.SPLITS)


@contextmanager
def results(root: Path, rev: str) -> Iterator[tuple[Path, str]]:
    """Yield a folder with what DVC keeps of a commit, and the commit.

    Raises UserError for what is no commit, or one whose results DVC does not have here.
    """
    commit = git.commit(root, rev)
    if not commit:
        raise UserError(f"--rev: expected a revision of git, received {rev!r}; git log shows them")
    with tempfile.TemporaryDirectory() as scratch:
        there = Path(scratch)
        listed = git.output(root, "ls-tree", "-r", "-z", "--name-only", commit, "--", *IN_GIT)
        for name in git.lines(listed):
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes(git.content(root, commit, name) or b"")
        for path in IN_DVC:
            target = there / path
            target.parent.mkdir(parents=True, exist_ok=True)
            arguments = ("get", "--quiet", "--rev", commit, "--out", str(target), str(root), str(path))
            command, variables = (*children.DVC, *arguments), children.environment()
            ended = subprocess.run(command, cwd=root, env=variables, capture_output=True, check=False)
            if ended.returncode:
                said = ended.stderr.decode().strip().splitlines()
                raise UserError(
                    f"--rev: expected a commit whose results DVC has, received {rev}, of which it has no "
                    f"{path} ({said[-1] if said else 'no reason given'}); dvc fetch gets them from a remote"
                )
        yield there, commit
