"""Reading files that somebody else may have written: results come from a cache, a remote, a colleague.

Nothing is unpickled, and no name in a file becomes a path. Every fault is one line that names the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from pipeline.system.errors import UserError

# Every step of the path begins with a letter, a digit or an underscore: never absolute, hidden or upwards.
STEPS = r"^\w[\w.=+ -]*(/\w[\w.=+ -]*)*$"
SHOWN = 200  # characters of a fault

Content = TypeVar("Content")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any error that a parser raises on the file at `path` into a UserError of one line."""
    remedy = "remove it and run dvc repro, or dvc checkout"
    try:
        if not path.exists():
            remedy = "run dvc repro, or dvc checkout"
            raise ValueError("no file")
        if not path.is_file():  # reading a device or a pipe would never end
            raise ValueError("something else")
        yield
    # The parsers of JSON, npy and zip raise nearly any exception on bytes of another format.
    except Exception as error:
        raise UserError(
            f"{path}: expected what a stage wrote there, received {_reason(error)}; {remedy}"
        ) from error


def parsed(path: Path, kind: TypeAdapter[Content]) -> Content:
    """Read a JSON file and check it against this type. Raises UserError."""
    with reading(path):
        return kind.validate_json(path.read_bytes())


def arrays(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """Read the arrays of an .npz archive whose names begin with `prefix`. Raises UserError."""
    with reading(path):
        with zipfile.ZipFile(path) as members:
            for member in members.infolist():
                if not re.match(STEPS, member.filename):
                    raise ValueError(f"a member called {member.filename!r}")
                # numpy.savez stores members without compression, so none can be larger than the file.
                if member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"the member {member.filename} compressed")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name.startswith(prefix)}


def yaml(text: str) -> Any:
    """Return what a YAML text holds. Raises ValueError, whose text is one line, where it is no YAML."""
    try:
        return YAML(typ="safe").load(text)
    # What is built of a scalar may fail as anything: the 13th month, a tag that does not fit, deep brackets.
    except Exception as error:
        raise ValueError(printable(" ".join(str(error).split()))) from error


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        text = f"at {'.'.join(map(str, fault['loc'])) or 'its top'}: {fault['msg']}"
    else:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return printable(text)[:SHOWN]


def printable(text: str) -> str:
    """Return the text on one line, without the characters that control a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
