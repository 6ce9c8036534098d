"""The results of another commit, read from git and DVC's cache into a folder that is removed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from pipeline import records
from pipeline.datasets import prepared
from pipeline.system.errors import UserError
from pipeline.tracking.study.sources import LOCK

IN_GIT = ("reports", LOCK, ".dvc/config")
IN_DVC = (records.PLANS, records.RUNS, prepared.IMAGES, prepared.SPLITS)


@contextmanager
def results(root: Path, rev: str) -> Iterator[tuple[Path, str]]:
    """Yield a folder with what DVC keeps of a commit, and the commit.

    Raises UserError for what is no commit, or one whose results DVC does not have here.
    """
    found = _run(root, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    commit = found.stdout.decode().strip()
    if found.returncode:
        raise UserError(f"--rev: expected a revision of git, received {rev!r}; git log shows them")
    with tempfile.TemporaryDirectory() as scratch:
        there = Path(scratch)
        for name in IN_GIT:
            archive = _run(root, "git", "archive", commit, name)
            if not archive.returncode:  # a path that the commit does not have is no fault
                with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
                    files.extractall(there, filter="data")
        for path in IN_DVC:
            target = there / path
            target.parent.mkdir(parents=True, exist_ok=True)
            arguments = ("get", "--quiet", "--rev", commit, "--out", str(target), str(root), str(path))
            ended = _run(root, sys.executable, "-m", "dvc", *arguments)
            if ended.returncode:
                said = ended.stderr.decode().strip().splitlines()
                raise UserError(
                    f"--rev: expected a commit whose results DVC has, received {rev}, of which it has no "
                    f"{path} ({said[-1] if said else 'no reason given'}); dvc fetch gets them from a remote"
                )
        yield there, commit


def _run(root: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=root, capture_output=True, check=False)
