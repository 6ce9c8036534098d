"""Processes that end when their parent ends, and signals that wait for the end of a block."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

EVERY = 0.5  # seconds between checks
SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish"}


def die_with_parent() -> None:
    """End this process, at once and without cleaning up, soon after its parent has ended.

    DVC starts a stage through a shell. Some shells replace themselves by the stage and others wait for it;
    a shell that waits is watched together with its parent. A thread checks at intervals, because a killed
    parent sends no signal.
    """
    parent = psutil.Process().parent()
    watched = [parent]
    if parent is not None and parent.name() in SHELLS and "-c" in parent.cmdline():
        watched.append(parent.parent())
    present = [process for process in watched if process is not None]
    threading.Thread(target=_watch, args=(present,), name="guard", daemon=True).start()


def die_with_stage() -> None:
    """Let this worker end when the stage that started it ends, and let only the stage handle Ctrl-C.

    The worker ends at once, without cleaning up. Raises RuntimeError in a process that multiprocessing did
    not start.
    """
    stage = multiprocessing.parent_process()
    if stage is None:
        raise RuntimeError("expected a process that multiprocessing started")
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        stage.join()  # waits on a pipe, which closes when the stage ends for whatever reason
        os._exit(1)

    threading.Thread(target=watch, name="guard", daemon=True).start()


def end_on_sigterm() -> None:
    """Let SIGTERM end the process by an exception, so that context managers clean up."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay SIGINT and SIGTERM until the end of the block; a second signal ends the block at once.

    For work that an exception at any point would leave half done, such as a transaction of a database.
    """
    received: list[int] = []

    def delay(number: int, frame: FrameType | None) -> None:
        if received:
            received.clear()
            raise KeyboardInterrupt
        received.append(number)

    earlier = {number: signal.signal(number, delay) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _watch(processes: list[psutil.Process]) -> None:
    while all(map(_alive, processes)):
        time.sleep(EVERY)
    os._exit(1)


def _alive(process: psutil.Process) -> bool:
    try:  # a zombie no longer runs, but psutil reports it as running
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
