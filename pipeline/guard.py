"""No process outlives what started it, however that ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
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


def end_on_sigterm() -> None:
    """Let SIGTERM end the process as an exception does, so that open blocks are closed."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)


def _watch(processes: list[psutil.Process]) -> None:
    while all(process.is_running() for process in processes):
        time.sleep(EVERY)
    os._exit(1)
