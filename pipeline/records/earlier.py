"""What earlier stages left that may be used again: a run whose key has results is never trained again.

Results are looked for where `dvc.lock` says that DVC keeps them, in the work tree and in the last commit; and
they are read by DVC, from its cache or a remote. This is the only importer of DVC.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.plan import Run
from pipeline.records.files import NUMBERS, RUNS, Result, Row, below, rows
from pipeline.records.unfinished import is_kept, keep
from pipeline.system import git, machine, untrusted
from pipeline.system.errors import UserError


def take_over(root: Path, stage: str, runs: Iterable[Run]) -> set[str]:
    """Keep the results of those of `runs` that DVC has, as if this stage had been interrupted after them.

    Returns their keys. None where the stage is forced, for that asks for everything to be trained. What
    another class of processor trained is taken too, with a warning: equal keys give equal bits on one class
    alone, and the report says which classes there are.

    Raises UserError where git fails. Without git, the last commit has nothing.
    """
    missing = {run.key: run for run in runs if not is_kept(root, run)}
    taken: set[str] = set()
    foreign: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for filesystem, folder in _folders(root, stage):
            if not missing:
                break
            for row in _rows(filesystem, folder, Path(scratch)):
                if row.run.key not in missing:
                    continue
                result = _result(filesystem, folder, row, Path(scratch))
                if result is None:
                    continue
                keep(root, result)
                del missing[row.run.key]
                taken.add(row.run.key)
                foreign |= {row.processor} - {machine.processor()}
    if foreign:
        here = machine.processor()
        print(
            f"warning: {stage}: some of the runs that are taken over were trained on "
            f"{', '.join(sorted(foreign))}, and this is {here}: dvc repro --force trains them all here",
            file=sys.stderr,
        )
    return taken


def _folders(root: Path, stage: str) -> Iterator[tuple[Any, str]]:
    """Yield where results may be, and the file system to read them with; the stage's own folder first."""
    from dvc.api import DVCFileSystem

    work_tree = DVCFileSystem(str(root))
    if _is_forced(work_tree.repo):
        return
    places = [(work_tree, "/")]
    if git.head(root):
        # Of a commit DVC shows the whole repository, of which the project may be a part.
        places.append((DVCFileSystem(str(root), rev="HEAD", subrepos=True), f"/{git.prefix(root)}"))
    for filesystem, top in places:
        try:
            folders = filesystem.ls(f"{top}{RUNS}", detail=False)
        except FileNotFoundError:  # nothing is locked
            continue
        for folder in sorted(folders, key=lambda path: (Path(path).name != stage, path)):
            yield filesystem, folder


def _is_forced(repo: Any) -> bool:
    """Tell whether DVC runs this stage although nothing that it depends on has changed.

    DVC would have taken its outputs from the cache, unless it was told to run it, or has not got them.
    """
    name = os.environ.get("DVC_STAGE")
    if name is None:  # started by hand
        return False
    running = repo.stage.load_one(name=name)
    changed = running.changed_stage() or any(dep.changed_checksum() for dep in running.deps)
    return bool(running.deps) and not changed


def _rows(filesystem: Any, folder: str, scratch: Path) -> list[Row]:
    """Return the numbers of the runs in a folder; none where DVC has lost them, or of an earlier form."""
    from dvc_data.index import DataIndexDirError

    try:
        return rows(_copied(filesystem, f"{folder}/{NUMBERS}", scratch))
    except (OSError, DataIndexDirError, UserError):
        return []


def _result(filesystem: Any, folder: str, row: Row, scratch: Path) -> Result | None:
    """Return an earlier result whole, whose training took no time now; None where its arrays are lost."""
    archived: dict[str, np.ndarray] = {"logits": np.empty((0, 0), np.float32)}
    if row.run.trial is None:
        try:
            archived = untrusted.arrays(_copied(filesystem, f"{folder}/{row.run.key}.npz", scratch))
        except (OSError, UserError):
            return None
        if "logits" not in archived:
            return None
    weights = below(archived, "weights/")
    return Result(**vars(row.record()), logits=archived["logits"], weights=weights, seconds={})


def _copied(filesystem: Any, path: str, scratch: Path) -> Path:
    """Copy a file that DVC keeps. To have it fetched would link it into the cache, and be written through."""
    copy = scratch / Path(path).name
    copy.write_bytes(filesystem.read_bytes(path))
    return copy
