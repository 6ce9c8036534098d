"""How far a stage is: a bar on a terminal, a plain line every so often elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

EVERY = 10.0  # seconds between plain lines


@contextmanager
def progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    """Show `name` advancing to `total` runs; yields the function to call after each."""
    if not sys.stderr.isatty():  # rich would also take FORCE_COLOR for a terminal
        yield _plain(name, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)


def _plain(name: str, total: int) -> Callable[[], None]:
    begun = said = time.monotonic()
    done = 0

    def advance() -> None:
        nonlocal done, said
        done += 1
        now = time.monotonic()
        if done == total or now - said >= EVERY:
            said = now
            left = (now - begun) / done * (total - done)
            print(
                f"{name}: {done}/{total} runs, {now - begun:.0f} s gone, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    return advance
