"""What every format returns, how it reports bytes that it cannot read, and the notes on what was changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.system.errors import UserError

LIMIT = 4 * 2**30
"""Bytes that the arrays of a data set may take: more is not unpacked."""

LISTED = 8  # names that a message lists at most
FORMATS = (
    "an .npz file, a folder with the four IDX files of MNIST, "
    "or a folder with a folder of PNG or JPEG files for each class"
)


class Named(NamedTuple):
    """An array of the user's data, and the name by which the user knows it."""

    name: str
    values: np.ndarray


class Part(NamedTuple):
    """Images (N, height, width) or (N, height, width, channels), and a label for each."""

    images: Named
    labels: Named


@dataclass(frozen=True)
class Parts:
    """The user's data as they were read, before any check of the arrays.

    `validation` and `test` are None where the data have no such images. `notes` says in plain sentences
    what the reader changed.
    """

    train: Part
    validation: Part | None = None
    test: Part | None = None
    notes: tuple[str, ...] = ()


class Notes:
    """Plain sentences on what was changed, each with all the arrays that it is true of."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._arrays: dict[str, list[str]] = {sentence: [] for sentence in sentences}

    def add(self, sentence: str, array: str | None = None) -> None:
        """Add a sentence. One that names an array is said once for all arrays of which it is true."""
        self._arrays.setdefault(sentence, []).extend([array] if array else [])

    def sentences(self) -> tuple[str, ...]:
        """Return the sentences in the order in which they were added first."""
        return tuple(
            f"{', '.join(arrays)}: {sentence}" if arrays else sentence
            for sentence, arrays in self._arrays.items()
        )


@contextmanager
def decoding(name: str, expected: str) -> Iterator[None]:
    """Turn any error that a decoder raises on the bytes of `name` into a UserError."""
    try:
        yield
    except UserError:
        raise
    # The decoders of npz, gzip, PNG and JPEG raise nearly any exception on bytes of another format.
    except Exception as error:
        raise UserError(
            f"{name}: expected {expected}, received what cannot be read "
            f"({type(error).__name__}: {error}); copy or save it again"
        ) from error


def check_size(name: str, size: int) -> None:
    """Raise UserError if `size`, in bytes, is more than a data set may take."""
    if size > LIMIT:
        raise UserError(
            f"{name}: expected at most {LIMIT / 2**30:g} GiB unpacked, received {_gib(size)}; "
            "take fewer or smaller images"
        )


def listed(names: Iterable[object]) -> str:
    """Return the names as `a, b, c`; of many, the first and how many more there are."""
    every = [str(name) for name in names]
    more = f" and {len(every) - LISTED} more" if len(every) > LISTED else ""
    return ", ".join(every[:LISTED]) + more


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size > LIMIT + 2**28 else "more"
