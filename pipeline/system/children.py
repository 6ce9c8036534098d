"""Programs that this one starts: by its interpreter, in an environment of their own, and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

DVC = (sys.executable, "-m", "dvc")
# What is true of this process alone. A hook of git exports the first, and git obeys them before its folder.
# DVC sets the second for a stage. The last change how Python runs a program, and where it finds modules.
ITS_OWN = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    *("GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS", "GIT_NOGLOB_PATHSPECS"),
    *("DVC_EXP_AUTO_PUSH", "DVC_EXP_BASELINE_REV", "DVC_EXP_GIT_REMOTE", "DVC_EXP_NAME"),
    *("DVC_ROOT", "DVC_STAGE"),
    *("PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONWARNINGS"),
)


def environment() -> dict[str, str]:
    """Return the environment for a program that may work in another repository.

    Its `python` is this interpreter's, whether or not the user has activated its environment.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ITS_OWN}
    programs = str(Path(sys.executable).parent)
    return variables | {"PATH": os.pathsep.join(filter(None, (programs, variables.get("PATH"))))}


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
    """Run a command to its end in a folder, and return its code.

    An interrupt, SIGTERM or the end of the terminal interrupts the command and all that it has started, as
    Ctrl-C does. This process ends after them: SystemExit with the code that a shell reports.
    """
    received: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if process:
            os.killpg(process.pid, signal.SIGINT)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        numbers.append(signal.SIGHUP)
    earlier = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        # In a group of its own, which the terminal does not interrupt as well.
        process = subprocess.Popen(command, cwd=folder, env=variables, start_new_session=True)
        if received:  # before there was a process
            os.killpg(process.pid, signal.SIGINT)
        code = process.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    if received:
        raise SystemExit(128 + received[0])
    return code
