"""How far a stage and the study are: a bar on a terminal, a plain line every so often elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import plan, records
from pipeline.plan import Plan
from pipeline.records import Result

EVERY = 10.0  # seconds between plain lines


class Estimate:
    """How much of a stage is trained and how long the rest takes; runs are weighed by their cost.

    `others` is the cost (`plan.seconds`) of the study's other training stages: trained, and in all.
    """

    def __init__(self, stage: str, planned: Plan, others: tuple[float, float] = (0.0, 0.0)) -> None:
        self._stage, self._others = stage, others
        self._count, self._cost = plan.expected(planned)
        self._runs, self._trained = 0, 0.0
        self._begun = time.monotonic()
        self._first: float | None = None  # when the first run was finished; before it, workers start
        self._since = 0.0  # the cost of those that followed

    def add(self, result: Result) -> None:
        """Count a finished run."""
        cost = plan.seconds(result.run)
        self._runs, self._trained = self._runs + 1, self._trained + cost
        now = time.monotonic()
        if not result.seconds or sum(result.seconds.values()) > now - self._begun:
            return  # an earlier or interrupted stage has left it
        if self._first is None:
            self._first = now
        else:
            self._since += cost

    @property
    def whole(self) -> bool:
        """Tell whether every run is finished."""
        return self._runs >= self._count

    @property
    def share(self) -> float:
        """Return the share of the stage's training that is done."""
        return 1.0 if self.whole else min(self._trained / max(self._cost, 1e-9), 1.0)

    def __str__(self) -> str:
        """Return the line: runs, seconds left here where they can be told, the share of the study."""
        said = f"{self._stage}: {self._runs}/{self._count} runs"
        if not self.whole and self._first is not None and self._since:
            rate = self._since / max(time.monotonic() - self._first, 1e-3)
            said += f", {max(self._cost - self._trained, 0) / rate:.0f} s left"
        trained, cost = self._others
        study = (trained + self._trained) / max(cost + (self._trained if self.whole else self._cost), 1e-9)
        return f"{said}, {min(study, 1):.0%} of the study's training done"


def elsewhere(root: Path, stage: str) -> tuple[float, float]:
    """Return the cost of all training stages but one: of what has been trained, and of all of it."""
    trained = cost = 0.0
    for path in (root / records.PLANS).glob("*.json"):
        if path.stem == stage:
            continue
        planned, known = plan.read(path), records.timed(root, path.stem)
        done = sum(plan.seconds(run) for run in plan.every_run(planned) if run.key in known)
        whole = all(
            any({run.key for run in candidate.runs} <= known for candidate in candidates)
            for candidates in planned.values()
        )
        trained, cost = trained + done, cost + (done if whole else plan.expected(planned)[1])
    return trained, cost


@contextmanager
def progress(estimate: Estimate) -> Iterator[Callable[[Result], None]]:
    """Show how far a stage is; yields the function to call after each finished run."""
    if not sys.stderr.isatty():  # rich would also take FORCE_COLOR for a terminal
        yield _plain(estimate)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(str(estimate), total=1.0)

        def advance(result: Result) -> None:
            estimate.add(result)
            bar.update(task, completed=estimate.share, description=str(estimate))

        yield advance


def _plain(estimate: Estimate) -> Callable[[Result], None]:
    begun = said = time.monotonic()

    def advance(result: Result) -> None:
        nonlocal said
        estimate.add(result)
        now = time.monotonic()
        if estimate.whole or now - said >= EVERY:
            said = now
            print(f"{estimate} ({now - begun:.0f} s)", file=sys.stderr, flush=True)

    return advance
