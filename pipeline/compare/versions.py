"""The files of a git revision, of a DVC experiment or of the workspace, read the same way."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.params import FILE
from pipeline.system.checkout import SOURCES
from pipeline.system.errors import UserError

WORKSPACE = "workspace"
CODE = tuple(path for path in SOURCES if path != FILE)  # the parameters are compared one by one
# refs/exps/<2 digits>/<38 digits of the commit it starts from>/<name>; the queue has other refs beside them.
EXPERIMENT = re.compile(r"refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/(.+)")


@dataclass(frozen=True)
class Revision:
    """The files of a commit; paths are relative to `root`, which need not be the root of the repository."""

    root: Path
    commit: str

    def content(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        return _git(self.root, "cat-file", "blob", f"{self.commit}:./{path}")

    def code(self) -> dict[str, str]:
        """Return git's digest of every file of the code, by path."""
        listed = _git(self.root, "ls-tree", "-r", "-z", self.commit, "--", *CODE) or b""
        rows = [row.split("\t", 1) for row in listed.decode().split("\0") if row]
        return {path: about.split()[2] for about, path in rows}


@dataclass(frozen=True)
class Workspace:
    """The files as they are now, uncommitted ones included."""

    root: Path

    @property
    def commit(self) -> str:
        """Return the commit that is checked out."""
        return _resolved(self.root, "HEAD")

    def content(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def code(self) -> dict[str, str]:
        """Return git's digest of every file of the code, by path."""
        arguments = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *CODE)
        listed = (_git(self.root, *arguments) or b"").decode().split("\0")
        paths = sorted({path for path in listed if path and (self.root / path).is_file()})
        hashed = _git(self.root, "hash-object", "--stdin-paths", text="".join(f"{path}\n" for path in paths))
        return dict(zip(paths, (hashed or b"").decode().split(), strict=True))


Version = Revision | Workspace


def locate(root: Path, argument: str, name: str) -> tuple[str, Version]:
    """Return what `name` is, in words, and its files. A git revision precedes an experiment of the same name.

    `argument` is what an error calls it. Raises UserError if it is neither, or means several experiments.
    """
    if name == WORKSPACE:
        return "workspace", Workspace(root)
    if commit := _resolved(root, name):
        return "git revision", Revision(root, commit)
    refs = (_git(root, "for-each-ref", "--format=%(refname)", "refs/exps") or b"").decode().split()
    experiments = {ref for ref in refs if (match := EXPERIMENT.fullmatch(ref)) and match[1] == name}
    match sorted(experiments):
        case [ref]:
            return "DVC experiment", Revision(root, _resolved(root, ref))
        case []:
            expected, mending = "a git revision, a DVC experiment or `workspace`", ""
        case several:
            expected = "the name of one DVC experiment"
            mending = f" of {len(several)}; name one by its commit"
    raise UserError(
        f"{argument}: expected {expected}, received {name!r}{mending}; git log and dvc exp list -A show them"
    )


def _resolved(root: Path, name: str) -> str:
    """Return the commit that git means by a name, or ""."""
    if name.startswith("-"):  # git would take it for an option
        return ""
    return (_git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") or b"").decode().strip()


def _git(root: Path, *arguments: str, text: str = "") -> bytes | None:
    """Return what git writes, or None where it fails."""
    command: Sequence[str] = ("git", "-C", str(root), *arguments)
    ended = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    return None if ended.returncode else ended.stdout
