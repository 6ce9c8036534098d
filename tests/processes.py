"""Processes that tests start and end: whether one is alive, and waiting until something is so."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

LIMIT = 300.0  # seconds: far more than anything here takes, so that only a fault reaches it


def alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie, which nobody has waited for, does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds, and fail when it never does."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"{what}: not in {LIMIT:.0f} s"
        time.sleep(0.02)


def until_gone(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of the processes is alive; what stays is ended, and a failure."""
    watched = list(processes)
    try:
        until(lambda: not any(map(alive, watched)), f"the end of {watched}")
    finally:
        end_all(watched)


def end_all(processes: Iterable[psutil.Process]) -> None:
    """Kill what is still alive of these."""
    for process in filter(alive, processes):
        with suppress(psutil.NoSuchProcess):  # it ended in between
            process.kill()


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def command_line(process: psutil.Process) -> str:
    """Its command line; nothing for one that has ended since it was listed."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
