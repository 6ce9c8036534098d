"""The runs of one training stage, recorded while they are trained."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self

from pipeline.plan import Plan, Run
from pipeline.records import Epochs, Record, Result
from pipeline.system import guard
from pipeline.tracking import entries, outputs, store
from pipeline.tracking.ledger import Ledger, LoggedCell, is_workspace, now, points
from pipeline.tracking.outputs import Cell
from pipeline.tracking.store import UNREACHABLE, said

P = ParamSpec("P")


@dataclass
class _Running:
    """A child that is not finished: how many epochs it shows, and when the last of them was logged."""

    identity: str
    epochs: int
    until: int


def _or_later(method: Callable[P, None]) -> Callable[P, None]:
    """Let a method of the recorder do nothing once the store is out of reach: `sync` does it later.

    And let an interrupt wait for its end, for a database in the middle of a transaction.
    """

    @functools.wraps(method)
    def attempt(*given: P.args, **named: P.kwargs) -> None:
        recorder: Any = given[0]
        if recorder.away:
            return
        try:
            with guard.uninterrupted():
                method(*given, **named)
        except UNREACHABLE as error:
            recorder.away = True
            print(
                f"warning: MLflow's store is out of reach ({said(error)}); the training goes on and nothing "
                "is lost: python -m pipeline sync records it later",
                file=sys.stderr,
                flush=True,
            )

    return attempt


class Recorder:
    """A parent run for each cell that has runs of its own, and a child for each run, trials included.

    A context manager: the parents end FINISHED by `finish`, FAILED when the block raises, KILLED when it
    is interrupted. What an earlier, identical stage recorded is replaced, and what another revision left is
    marked as not current. A store that is or goes out of reach is a warning, not an error.
    """

    def __init__(self, stage: str, plan: Plan) -> None:
        self.away = False
        self._stage = stage
        self._cells = {cell.name: cell for cell in outputs.planned(stage, plan)}
        self._parents: dict[str, str] = {}
        self._running: dict[str, _Running] = {}
        # What is logged of these cells already, by key, until they are recorded again.
        self._earlier: dict[str, list[LoggedCell]] = {}
        self._current: set[str] = set()  # the cells of the workspace that an experiment's copy trains again
        self._reported: dict[str, list[Record]] = {name: [] for name in self._cells}
        self._ledger: Ledger

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            status = "FAILED" if issubclass(kind, Exception) else "KILLED"
            self._break_off(status, f"{kind.__name__}: {error}".strip(": ")[:500])

    @_or_later
    def record(self, event: Result | Epochs) -> None:
        """Record one finished run, or the epochs of one that is still trained."""
        seconds = event.seconds if isinstance(event, Epochs) else sum(event.seconds.values())
        end = now()
        running = self._running.get(event.run.key) or self._begin(event.run, end - int(1000 * seconds))
        new = {name: values[running.epochs :] for name, values in event.history.items()}
        shown = points(entries.of_curves(new), running.until, end, running.epochs)
        if isinstance(event, Epochs):
            self._ledger.points(running.identity, shown)
            running.epochs, running.until = len(event.history["loss"]), end
            return
        self._ledger.end(running.identity, entries.of_run(event), end, shown)
        self._running.pop(event.run.key, None)
        if event.run.trial is None:
            self._reported[event.run.cell].append(event)

    @_or_later
    def finish(self, root: Path) -> None:
        """Finish the parents, from what is written: their means and their descriptions."""
        for cell in outputs.read(root, self._stage):
            self._ledger.end(self._parents[cell.name], entries.of_cell(cell))
        if is_workspace():
            # All runs of these belong to other cells by now.
            for logged in itertools.chain(*self._earlier.values()):
                self._ledger.mark(logged.runs, current=False)

    @_or_later
    def _open(self) -> None:
        self._ledger = ledger = Ledger()
        ledger.close_stale()
        keys = {cell.key for cell in self._cells.values()}
        for logged in ledger.logged_cells(f"tags.{entries.STAGE} = '{self._stage}'"):
            if logged.key in keys:
                self._earlier.setdefault(logged.key, []).append(logged)
            elif is_workspace():
                ledger.mark(logged.runs, current=False)

    def _begin(self, run: Run, start: int) -> _Running:
        if run.cell not in self._parents:  # a cell whose runs are all another's has no parent
            self._parents[run.cell] = self._replace(self._cells[run.cell])
        current = run.cell in self._current
        entry = entries.of_run(Record(run, {}, {}, ""))
        identity = self._ledger.begin(entry, self._parents[run.cell], start, current)
        self._ledger.saw(identity, run)
        self._running[run.key] = running = _Running(identity, 0, start)
        return running

    def _replace(self, cell: Cell) -> str:
        """Create the parent of a cell, in place of what earlier stages recorded of it."""
        for logged in self._earlier.pop(cell.key, []):
            if logged.is_current:
                self._current.add(cell.name)
            self._ledger.forget(logged)
        return begin(self._ledger, cell, cell.name in self._current)

    @_or_later
    def _break_off(self, status: str, reason: str) -> None:
        for running in self._running.values():
            self._ledger.stop(running.identity, status, reason)
        for name, parent in self._parents.items():
            cell = self._cells[name]
            so_far = Cell(cell.stage, cell.planned, tuple(self._reported[name]))
            self._ledger.end(parent, entries.of_cell(so_far))
            self._ledger.stop(parent, status, reason)


def begin(ledger: Ledger, cell: Cell, current: bool = False) -> str:
    """Create the parent of a cell, RUNNING, under the run that `mlflow run` opened if there is one."""
    entry = entries.of_cell(Cell(cell.stage, cell.planned))
    return ledger.begin(entry, store.outer_run(), current=current)
