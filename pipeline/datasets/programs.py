"""The package managers of this machine, asked to fetch: started without a shell, ended when they hang."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.system.errors import UserError


def run(command: Sequence[str], folder: Path, timeout: float) -> None:
    """Run a program of PATH in a folder. Raises UserError if it is absent, fails, or takes too long (s)."""
    output(command, folder, timeout)


def output(command: Sequence[str], folder: Path, timeout: float) -> list[str]:
    """Run a program of PATH in a folder, and return the first lines of its output.

    Raises UserError if it is absent, fails (with the first lines it complains of), or takes more than
    `timeout` seconds.
    """
    program = shutil.which(command[0])
    if program is None:
        raise UserError(f"expected the program {command[0]} on PATH, received none")
    called = " ".join(command[:2])
    # Files, not pipes: a grandchild could hold a pipe open beyond the timeout.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as errors:
        try:
            ended = subprocess.run(
                [program, *command[1:]],
                cwd=folder,
                env=os.environ | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=errors,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{called} took more than {timeout:g} s") from error
        for stream in (answer, errors):
            stream.seek(0)
        said, complaints = (_lines(stream.read(2000)) for stream in (answer, errors))
    if ended.returncode != 0:
        raise UserError(f"{called} ended with code {ended.returncode}: {'; '.join(complaints[:3])}")
    return said


def _lines(content: bytes) -> list[str]:
    return content.decode(errors="replace").splitlines()
