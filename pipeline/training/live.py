"""What a run says while it is trained: a file that its worker writes and the stage reads.

For runs that take long: of a short one the result is there before anybody could look.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from pipeline.plan import Run
from pipeline.records import KEPT, Epochs

Report = Callable[[int, dict[str, float]], None]  # the epoch, from 0, and its row of the history
AFTER = 20.0  # seconds before a run begins to tell


class Reporter:
    """Given every epoch of a run, it writes those so far, once the run has taken long enough."""

    def __init__(self, root: Path, run: Run) -> None:
        self._path = path_of(root, run)
        self._begun = time.monotonic()
        self._rows: list[dict[str, float]] = []

    def __call__(self, epoch: int, row: dict[str, float]) -> None:
        """Take the row of an epoch."""
        self._rows.append(row)
        seconds = time.monotonic() - self._begun
        if seconds < AFTER:
            return
        part = self._path.with_suffix(".epochs-part")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"seconds": seconds, "rows": self._rows}), encoding="utf-8")
        part.replace(self._path)


def path_of(root: Path, run: Run) -> Path:
    """Return the file in which a run tells of itself."""
    return root / KEPT / f"{run.key}.epochs"


class Follower:
    """Reads what runs tell; each time only of those that have told more."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, int] = {}

    def news(self, runs: Iterable[Run]) -> Iterator[Epochs]:
        """Yield the history so far of every run that has gone on."""
        for run in runs:
            with suppress(FileNotFoundError):
                told = json.loads(path_of(self._root, run).read_text(encoding="utf-8"))
                rows = told["rows"]
                if len(rows) > self._seen.get(run.key, 0):
                    self._seen[run.key] = len(rows)
                    history = {name: np.array([row[name] for row in rows]) for name in rows[0]}
                    yield Epochs(run, history, told["seconds"])
