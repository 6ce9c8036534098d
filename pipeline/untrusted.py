"""Reading files that somebody else may have written: results come from a cache, a remote, a colleague.

Nothing is unpickled, no name in a file becomes a path, and whatever is wrong is one line that names the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UserError

# A path whose every step begins with a letter, a digit or an underscore: never absolute, hidden or upwards.
STEPS = r"^\w[\w.=+ -]*(/\w[\w.=+ -]*)*$"
SHOWN = 200  # characters of what is wrong

Content = TypeVar("Content")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever the file at `path` makes a parser raise into one line. Raises UserError."""
    mending = "remove it and run dvc repro, or dvc checkout"
    try:
        if not path.exists():
            mending = "run dvc repro, or dvc checkout"
            raise ValueError("no file")
        if not path.is_file():  # a device or a pipe would never end
            raise ValueError("something else")
        yield
    # The parsers of JSON, npy and zip raise nearly anything on bytes that are not theirs.
    except Exception as error:
        raise UserError(
            f"{path}: expected what a stage wrote there, received {_reason(error)}; {mending}"
        ) from error


def parsed(path: Path, kind: TypeAdapter[Content]) -> Content:
    """Read a JSON file of this kind."""
    with reading(path):
        return kind.validate_json(path.read_bytes())


def array(path: Path, axes: int) -> np.ndarray:
    """Map an array of numbers, with so many axes, into memory."""
    with reading(path):
        found: np.ndarray = np.lib.format.open_memmap(path, mode="r")
        if found.ndim != axes or found.dtype.kind not in "fiu":
            raise ValueError(f"an array of {found.ndim} axes of {found.dtype}, not {axes} of numbers")
        return found


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an archive, by their names."""
    with reading(path):
        with zipfile.ZipFile(path) as members:
            for member in members.infolist():
                if not re.match(STEPS, member.filename):
                    raise ValueError(f"a member called {member.filename!r}")
                # As numpy writes them; so that no member can be larger than the file.
                if member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"the member {member.filename} compressed")
        with np.load(path, allow_pickle=False) as found:
            return dict(found)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        text = f"at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}"
    else:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return printable(text)[:SHOWN]


def printable(text: str) -> str:
    """Return the text on one line and without signs that move the cursor of a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
