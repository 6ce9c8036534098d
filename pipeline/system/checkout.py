"""The root of the project, the checkout that it belongs to, and its git revision."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from pipeline.system import git

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


# What results are computed from; nothing that the pipeline itself writes.
SOURCES = ("pipeline", "params.yaml", "dvc.yaml", "requirements.lock")


@functools.cache
def dirty(root: Path = ROOT) -> bool:
    """Tell whether code or parameters differ from the commit, new files included; never without git.

    Raises UserError where git fails.
    """
    return bool(git.head(root)) and git.changed(root, *SOURCES)


def source_commit(root: Path = ROOT, paths: Sequence[str] = SOURCES) -> str:
    """Return the last commit that changed code or parameters, or "" without git.

    A commit of results does not change it. Raises UserError where git fails.
    """
    return git.output(root, "rev-list", "-1", "HEAD", "--", *paths).decode().strip() if git.head(root) else ""


@functools.cache
def branch(root: Path = ROOT) -> str:
    """Return the branch that is checked out, or "" where none is. Raises UserError where git fails."""
    return _said(root, "symbolic-ref", "--quiet", "--short", "HEAD")


@functools.cache
def remote_url(root: Path = ROOT) -> str:
    """Return the address that the repository was cloned from, or "". Raises UserError where git fails."""
    return _said(root, "config", "--get", "remote.origin.url")


@functools.cache
def diff(root: Path = ROOT) -> str:
    """Return how code and parameters differ from the commit; new files are not shown.

    Raises UserError where git fails.
    """
    return _said(root, "diff-index", "--patch", "--no-ext-diff", "--no-color", "HEAD", "--", *SOURCES)


def _said(root: Path, *arguments: str) -> str:
    """Return git's answer, or "" where it has none, or there is no commit."""
    return (git.answer(root, *arguments) or b"").decode(errors="replace").strip() if git.head(root) else ""
