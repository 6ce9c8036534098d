"""The root of the project, the checkout that it belongs to, and its git revision."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main_checkout(root: Path = ROOT) -> Path:
    """Return the checkout that a user works in.

    `dvc exp run --temp` and `--queue` work in a copy under its `.dvc/tmp/exps`. What outlives an
    experiment (the MLflow store, the downloaded data) is kept in the checkout itself.
    """
    for parent in root.parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2]
    return root


@functools.cache
def commit(root: Path = ROOT) -> str:
    """Return the commit that is checked out, or "" outside git."""
    return _git(root, "rev-parse", "HEAD")


@functools.cache
def dirty(root: Path = ROOT) -> bool:
    """Tell whether code or parameters differ from the commit, new files included."""
    return bool(_git(root, "status", "--porcelain", "--", *SOURCES))


# What results are computed from; nothing that the pipeline itself writes.
SOURCES = ("pipeline", "params.yaml", "dvc.yaml", "requirements.lock")


def source_commit(root: Path = ROOT, paths: Sequence[str] = SOURCES) -> str:
    """Return the last commit that changed code or parameters; a commit of results does not change it."""
    return _git(root, "log", "-1", "--format=%H", "--", *paths)


@functools.cache
def branch(root: Path = ROOT) -> str:
    """Return the branch that is checked out, or "" where none is."""
    return _git(root, "symbolic-ref", "--quiet", "--short", "HEAD")


@functools.cache
def remote_url(root: Path = ROOT) -> str:
    """Return the address that the repository was cloned from, or ""."""
    return _git(root, "config", "--get", "remote.origin.url")


@functools.cache
def diff(root: Path = ROOT) -> str:
    """Return how code and parameters differ from the commit; new files are not shown."""
    return _git(root, "diff", "--no-ext-diff", "--no-color", "HEAD", "--", *SOURCES)


def _git(root: Path, *arguments: str) -> str:
    ended = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    return ended.stdout.strip()
