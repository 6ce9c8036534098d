"""The four IDX files of a published data set, from a directory; and the readers that all its sources share.

A source returns the four files as {file name: uncompressed bytes}, or raises UserError with the reason. No
source checks the bytes: `published` checks those of every source. Nothing of a source is executed.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from pipeline.datasets import idx
from pipeline.system.errors import UserError

ARRAYS = {
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
"""Each IDX file and the array of Keras' .npz archive that holds the same values."""

# The data sets take 55 MB each, unpacked. Nothing larger than this is read into memory.
LIMIT = 64 * 2**20


def directory(path: Path, archive: str = "") -> dict[str, bytes]:
    """Read the four IDX files, each plain or with `.gz`, or else Keras' `archive`, from a directory."""
    with reading(str(path)):
        if not path.is_dir():
            received = "a file" if path.exists() else "a path where nothing is"
            raise UserError(f"expected a directory with the four IDX files, received {received}")
        files = {name: plain_or_gz(path / name) for name in ARRAYS}
        missing = [name for name, file in files.items() if file is None]
        if not missing:
            return {name: _file(file) for name, file in files.items() if file is not None}
        if archive and (path / archive).is_file():
            return npz(_file(path / archive), archive)
    alternative = f" or {archive}" if archive else ""
    raise UserError(
        f"expected the four IDX files (plain or .gz){alternative}, "
        f"received a directory without {', '.join(missing)}"
    )


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn any error that a parser raises on the bytes of `what` into a UserError."""
    try:
        yield
    except UserError:
        raise
    # The parsers of npz, gzip and tar raise nearly any exception on bytes of another format.
    except Exception as error:
        raise UserError(f"cannot read {what}: {type(error).__name__}: {error}") from error


def capped(stream: IO[bytes] | gzip.GzipFile, what: str) -> bytes:
    """Read a stream to its end. Raises UserError beyond LIMIT bytes."""
    return small(stream.read(LIMIT + 1), what)


def small(body: bytes, what: str) -> bytes:
    """Return the bytes. Raises UserError if they are more than LIMIT."""
    if len(body) > LIMIT:
        raise UserError(f"{what}: expected at most {LIMIT} bytes, received more")
    return body


def plain_or_gz(plain: Path) -> Path | None:
    """Return the file `plain`, or else the file with `.gz`, or None if neither exists."""
    packed = plain.with_name(f"{plain.name}.gz")
    return next((file for file in (plain, packed) if file.is_file()), None)


def _file(path: Path) -> bytes:
    with reading(path.name), path.open("rb") as stream:
        body = capped(stream, path.name)
        return gunzipped(body, path.name) if path.suffix == ".gz" else body


def gunzipped(body: bytes, what: str) -> bytes:
    """Return the uncompressed bytes of a gzip file. Raises UserError beyond LIMIT bytes."""
    with reading(what), gzip.open(io.BytesIO(body)) as unpacked:
        return capped(unpacked, what)


def npz(body: bytes, what: str) -> dict[str, bytes]:
    """Return the arrays of Keras' archive as the four IDX files."""
    with reading(what):
        with zipfile.ZipFile(io.BytesIO(body)) as members:
            unpacked = sum(member.file_size for member in members.infolist())
        if unpacked > LIMIT:
            raise UserError(f"{what}: expected at most {LIMIT} bytes unpacked, not {unpacked}")
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: idx.encode(arrays[key]) for name, key in ARRAYS.items()}


def members(tar: bytes, wanted: Mapping[str, str], what: str) -> dict[str, bytes]:
    """Return members of an uncompressed tar archive: `wanted` has the name to return each under.

    They are read in memory, by their exact names. Raises UserError for one that is missing, or no regular
    file.
    """
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        for member in archive:
            if member.name not in wanted:
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise UserError(f"{member.name}: expected a regular file, received another kind")
            files[wanted[member.name]] = content.read()
    missing = [path for path, name in wanted.items() if name not in files]
    if missing:
        raise UserError(f"{what}: expected four members, missing {', '.join(missing)}")
    return files
