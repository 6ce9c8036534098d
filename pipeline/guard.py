"""No process outlives what started it, however that ended."""

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

EVERY = 0.5  # seconds between looks
SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish"}


def die_with_parent() -> None:
    """End this process, at once and without cleaning up, soon after its parent is gone.

    DVC starts a stage through a shell, which some shells replace and others wait in: then the shell's
    own parent is watched as well. A thread looks, because a killed parent tells nobody.
    """
    watched = [psutil.Process().parent()]
    if watched[0] is not None and watched[0].name() in SHELLS and "-c" in watched[0].cmdline():
        watched.append(watched[0].parent())
    present = [process for process in watched if process is not None]
    threading.Thread(target=_watch, args=(present,), name="guard", daemon=True).start()


def die_with_stage() -> None:
    """Make this process a worker of the stage that started it: it ends with it, and leaves Ctrl-C to it.

    It ends at once, without cleaning up. Raises RuntimeError in a process that multiprocessing did not start.
    """
    stage = multiprocessing.parent_process()
    if stage is None:
        raise RuntimeError("expected a process that multiprocessing started")
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        stage.join()  # by a pipe that closes with the stage, however that ends
        os._exit(1)

    threading.Thread(target=watch, name="guard", daemon=True).start()


def end_on_sigterm() -> None:
    """Let SIGTERM end the process as an exception does, so that open blocks are closed."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put SIGINT and SIGTERM off to the end of the block; a second one ends it at once.

    For what an exception out of nowhere would leave half done: a database in the middle of a transaction.
    """
    received: list[int] = []

    def put_off(number: int, frame: FrameType | None) -> None:
        if received:
            received.clear()
            raise KeyboardInterrupt
        received.append(number)

    earlier = {number: signal.signal(number, put_off) for number in (signal.SIGINT, signal.SIGTERM)}
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
    try:  # a zombie, which nobody has waited for, runs no more; psutil says that it does
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
