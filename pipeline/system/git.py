"""git, asked about the repository that a folder lies in, whatever the environment and the user have set.

Only commands whose output no configuration changes; paths are relative to the folder.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.system import children
from pipeline.system.errors import UserError
from pipeline.system.untrusted import printable

SHOWN = 300  # characters of what git says


class NoRepositoryError(UserError):
    """There is no repository, or no git to read it."""


def output(root: Path, *arguments: str) -> bytes:
    """Return what git writes. Raises UserError with git's own reason where it fails."""
    written = answer(root, *arguments)
    if written is None:
        raise _refusal(arguments, "no answer")
    return written


def answer(root: Path, *arguments: str) -> bytes | None:
    """Return what git writes, or None where its answer is no: it ends with 1 and says nothing.

    Raises UserError with git's own reason where it fails, and NoRepositoryError where nothing can be asked.
    """
    # git speaks English, and takes no lock for what is only looked at.
    variables = children.environment() | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ("git", "-C", str(root), *arguments)
    try:
        # In a group of its own, which Ctrl-C does not end in the middle of its answer.
        ended = subprocess.run(
            command, env=variables, capture_output=True, check=False, start_new_session=True
        )
    except FileNotFoundError as error:
        raise NoRepositoryError("git: expected the program on PATH, received none; install git") from error
    reason = printable(" ".join(ended.stderr.decode(errors="replace").split()))[:SHOWN]
    if reason.startswith("fatal: not a git repository (or any"):
        raise NoRepositoryError(
            f"git: expected a repository, received {root}, which is in none; clone the project, or make one "
            "of it: git init, git add --all, git commit"
        )
    if ended.returncode == 0:
        return ended.stdout
    if ended.returncode == 1 and not reason:
        return None
    raise _refusal(arguments, reason)


def lines(written: bytes) -> list[str]:
    """Return what a command with `-z` lists."""
    return [line for line in written.decode(errors="surrogateescape").split("\0") if line]


def commit(root: Path, name: str = "HEAD") -> str:
    """Return the commit that a name means, or "" where it means none. Raises UserError where git fails."""
    if name.startswith("-"):  # git would take it for an option
        return ""
    return (answer(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") or b"").decode().strip()


def head(root: Path) -> str:
    """Return the commit that is checked out, or "" where there is none, or no repository."""
    try:
        return commit(root)
    except NoRepositoryError:
        return ""


def top(root: Path) -> Path:
    """Return the top of the work tree that a folder is in."""
    return Path(output(root, "rev-parse", "--show-toplevel").decode(errors="surrogateescape").rstrip("\n"))


def prefix(root: Path) -> str:
    """Return where in its work tree a folder is: "" for its top."""
    return output(root, "rev-parse", "--show-prefix").decode(errors="surrogateescape").rstrip("\n")


def content(root: Path, revision: str, path: str) -> bytes | None:
    """Return a file's bytes as a revision has it, or None where it has none."""
    for entry in lines(output(root, "ls-tree", "-z", revision, "--", path)):
        _, kind, digest = entry.partition("\t")[0].split()
        if kind == "blob":
            return output(root, "cat-file", "blob", digest)
    return None


def changed(root: Path, *paths: str) -> bool:
    """Tell whether any of these differs from the commit, new files included."""
    return bool(output(root, "status", "--porcelain", "--untracked-files=all", "--", *paths))


def _refusal(arguments: tuple[str, ...], reason: str) -> UserError:
    return UserError(f"git {arguments[0]}: expected an answer, received: {reason}")
