"""The runs of one training stage, recorded while they are trained."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self

from pipeline.plan import Plan, Run
from pipeline.records import Epochs, Record, Result
from pipeline.system import guard
from pipeline.tracking.agreement import Group, groups
from pipeline.tracking.agreement.agree import STALE
from pipeline.tracking.agreement.entities import LoggedGroup, now, points_of
from pipeline.tracking.agreement.ledger import Ledger
from pipeline.tracking.agreement.store import UNREACHABLE, said
from pipeline.tracking.study import entries, experiment, outputs
from pipeline.tracking.study.outputs import Cell

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
    is interrupted. What an earlier, identical stage recorded stays, and what another revision left is marked
    as not current. A store that is or goes out of reach is a warning, not an error.
    """

    def __init__(self, stage: str, plan: Plan) -> None:
        self.away = False
        self._stage = stage
        self._cells = {cell.name: cell for cell in outputs.planned(stage, plan)}
        self._parents: dict[str, str] = {}
        self._running: dict[str, _Running] = {}
        # What is logged of these cells already, by key, until they are recorded again.
        self._earlier: dict[str, list[LoggedGroup]] = {}
        self._again: set[str] = set()  # the cells of which something is logged already
        self._current: set[str] = set()  # the cells of the workspace that an experiment's copy trains again
        # How long the runs of a cell took in all, in seconds; and when its parent began.
        self._seconds: dict[str, float] = dict.fromkeys(self._cells, 0.0)
        self._began: dict[str, int] = {}
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
        shown = points_of(entries.of_curves(new), running.until, end, running.epochs)
        if isinstance(event, Epochs):
            self._ledger.log(event.run.name, running.identity, metrics=shown)
            running.epochs, running.until = len(event.history["loss"]), end
            return
        self._ledger.end(running.identity, entries.of_run(event), end, shown)
        self._running.pop(event.run.key, None)
        self._seconds[event.run.cell] += seconds
        if event.run.trial is None:
            self._reported[event.run.cell].append(event)

    @_or_later
    def finish(self, root: Path) -> None:
        """Finish the parents, from what is written: their means, mean curves and descriptions.

        What was recorded of the same runs before stays, where it says the same, with what people have added;
        the new record of it goes.
        """
        for cell in outputs.read(root, self._stage):
            entry = replace(entries.of_cell(cell), artifacts={})  # drawn with the report
            # It lasted as long as its runs: its stage trains several cells at once.
            ended = self._began[cell.name] + int(1000 * self._seconds[cell.name])
            self._ledger.end(self._parents[cell.name], entry, ended)
            group = Group(entry, [entries.of_run(record, root) for record in cell.finished])
            if cell.name in self._again:
                groups.settle(self._ledger, group, current=self._is_current(cell.name))
            else:
                groups.vouch(self._ledger, self._parents[cell.name], group)
        if experiment.is_workspace():
            # All runs of these belong to other cells by now.
            for logged in itertools.chain(*self._earlier.values()):
                self._ledger.mark(logged.runs, current=False)
        for line in self._ledger.refused:
            print(f"warning: {line}", file=sys.stderr, flush=True)

    @_or_later
    def _open(self) -> None:
        self._ledger = ledger = experiment.ledger()
        ledger.close_stale(STALE)
        keys = {cell.key for cell in self._cells.values()}
        for logged in ledger.groups(f"tags.{entries.STAGE} = '{self._stage}'"):
            if logged.key in keys:
                self._earlier.setdefault(logged.key, []).append(logged)
            elif experiment.is_workspace():
                ledger.mark(logged.runs, current=False)

    def _begin(self, run: Run, start: int) -> _Running:
        if run.cell not in self._parents:  # a cell whose runs are all another's has no parent
            self._began[run.cell] = start
            self._parents[run.cell] = self._parent(self._cells[run.cell], start)
        entry = entries.of_run(Record(run, {}, {}, ""))
        current = self._is_current(run.cell)
        identity = self._ledger.begin(entry, self._parents[run.cell], current=current, start=start)
        self._running[run.key] = running = _Running(identity, 0, start)
        return running

    def _parent(self, cell: Cell, start: int) -> str:
        """Create the parent of a cell beside what earlier stages recorded of it."""
        if earlier := self._earlier.pop(cell.key, []):
            self._again.add(cell.name)
            if any(logged.is_current for logged in earlier):
                self._current.add(cell.name)
        entry = entries.of_cell(Cell(cell.stage, cell.planned))
        current = self._is_current(cell.name)
        return self._ledger.begin(entry, None, current=current, start=start, group=True)

    def _is_current(self, cell: str) -> bool:
        return cell in self._current or experiment.is_workspace()

    @_or_later
    def _break_off(self, status: str, reason: str) -> None:
        for running in self._running.values():
            self._ledger.stop(running.identity, status, reason)
        for name, parent in self._parents.items():
            cell = self._cells[name]
            so_far = Cell(cell.stage, cell.planned, tuple(self._reported[name]))
            self._ledger.end(parent, entries.of_cell(so_far))
            self._ledger.stop(parent, status, reason)
