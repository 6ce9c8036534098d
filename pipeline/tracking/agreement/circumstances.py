"""The tags that say who recorded a run, where and from which code: no result depends on them."""

from __future__ import annotations

import functools
import getpass
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from mlflow.utils import mlflow_tags

from pipeline.system import checkout
from pipeline.tracking.agreement import address

PROCESS = "process"


class Process:
    """This process as others see it: a lock that it holds until it ends, however it ends.

    The locks are files in a folder that outlives the machine: a container with another hostname, or a
    process with a number that is taken again, is not mistaken for one that is gone. Nothing is
    known of a folder that is not this one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, FileLock] = {}

    def tag(self) -> str:
        """Return the name of this process's folder and of its lock, which it holds from now on."""
        if not self._held:
            name = uuid.uuid4().hex[:16]
            self._held[name] = FileLock(self._folder / f"{name}.lock")
            self._held[name].acquire()
        (name,) = self._held
        return f"{self._place()} {name}"

    def is_gone(self, tags: Mapping[str, str]) -> bool:
        """Tell whether the process that tagged a run is known to have ended."""
        place, _, name = tags.get(PROCESS, "").partition(" ")
        if place != self._place() or not name or name in self._held:
            return False
        path = self._folder / f"{name}.lock"
        if not path.exists():
            return True
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            return False
        path.unlink(missing_ok=True)
        return True

    def _place(self) -> str:
        """Return the name of the folder, which is given once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "name"
        with FileLock(self._folder / "name.lock"):
            if not path.exists():
                path.write_text(uuid.uuid4().hex[:16], encoding="utf-8")
        return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Circumstances:
    """Who, where, and from which commit; `more` are tags of one's own."""

    process: Process
    root: Path
    commit: str = ""  # the commit whose results are recorded, where it is not the one that is checked out
    more: Mapping[str, str] = field(default_factory=dict)

    def tags(self) -> dict[str, str]:
        """Return the tags under MLflow's names, without those of which nothing is known."""
        return {**git_tags(self.root, self.commit), **self.more, PROCESS: self.process.tag()}

    def diff(self) -> str:
        """Return how the code differs from the commit."""
        return "" if self.commit else checkout.diff(self.root)


@functools.cache
def git_tags(root: Path, commit: str) -> dict[str, str]:
    """Return who records and from which code; asked of git once, for a run takes less time than that."""
    tags = {
        mlflow_tags.MLFLOW_USER: os.environ.get("LOGNAME") or _user(),
        mlflow_tags.MLFLOW_SOURCE_NAME: root.name,
        mlflow_tags.MLFLOW_SOURCE_TYPE: "PROJECT",
        mlflow_tags.MLFLOW_GIT_COMMIT: commit or checkout.source_commit(root),
        mlflow_tags.MLFLOW_GIT_BRANCH: "" if commit else checkout.branch(root),
        mlflow_tags.MLFLOW_GIT_REPO_URL: address.redacted(checkout.remote_url(root)),
    }
    if tags[mlflow_tags.MLFLOW_GIT_COMMIT]:
        tags[mlflow_tags.MLFLOW_GIT_DIRTY] = str(not commit and checkout.dirty(root)).lower()
    return {name: value for name, value in tags.items() if value}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return ""
