"""The files of a git revision, of a DVC experiment or of the workspace, read the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.params import FILE
from pipeline.system import git
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
        return git.content(self.root, self.commit, path)

    def code(self) -> dict[str, str]:
        """Return git's digest of every file of the code, by path."""
        listed = git.output(self.root, "ls-tree", "-r", "-z", self.commit, "--", *CODE)
        rows = [row.split("\t", 1) for row in git.lines(listed)]
        return {path: about.split()[2] for about, path in rows}


@dataclass(frozen=True)
class Workspace:
    """The files as they are now, uncommitted ones included."""

    root: Path

    @property
    def commit(self) -> str:
        """Return the commit that is checked out."""
        return git.commit(self.root)

    def content(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def code(self) -> dict[str, str]:
        """Return git's digest of every file of the code, by path."""
        arguments = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *CODE)
        listed = git.lines(git.output(self.root, *arguments))
        paths = sorted({path for path in listed if (self.root / path).is_file()})
        hashed = git.output(self.root, "hash-object", "--", *paths) if paths else b""
        return dict(zip(paths, hashed.decode().split(), strict=True))


Version = Revision | Workspace


def locate(root: Path, argument: str, name: str) -> tuple[str, Version]:
    """Return what `name` is, in words, and its files. A git revision precedes an experiment of the same name.

    `argument` is what an error calls it. Raises UserError if it is neither, or means several experiments,
    and where git fails.
    """
    if name == WORKSPACE:
        return "workspace", Workspace(root)
    if commit := git.commit(root, name):
        return "git revision", Revision(root, commit)
    refs = git.output(root, "for-each-ref", "--format=%(refname)", "refs/exps").decode().split()
    experiments = {ref for ref in refs if (match := EXPERIMENT.fullmatch(ref)) and match[1] == name}
    match sorted(experiments):
        case [ref]:
            return "DVC experiment", Revision(root, git.commit(root, ref))
        case []:
            expected, mending = "a git revision, a DVC experiment or `workspace`", ""
        case several:
            expected = "the name of one DVC experiment"
            mending = f" of {len(several)}; name one by its commit"
    raise UserError(
        f"{argument}: expected {expected}, received {name!r}{mending}; git log and dvc exp list -A show them"
    )
