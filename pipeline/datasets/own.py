"""The user's own data: an .npz file, or a folder with the four IDX files, checked before anything is drawn.

Images are (N, height, width) or (N, height, width, channels), of any size, uint8 or floats in [0, 1]. Labels
are integers (N,) that number the classes from 0, and the training images include every class.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from pipeline.datasets import idx
from pipeline.datasets.images import Images
from pipeline.datasets.seeds import generator
from pipeline.datasets.sources import ARRAYS, plain_or_gz, reading
from pipeline.system.errors import UserError
from pipeline.system.untrusted import printable

OURS = tuple(field.name for field in fields(Images))
KERAS = tuple(ARRAYS.values())
FILES = tuple(ARRAYS)
NAMED = 3  # classes that a message names at most

Named = tuple[str, np.ndarray]  # the name of an array in the user's file, and the array


def read(path: Path, name: str) -> Images:
    """Read the data at `path`, which error messages call `name`.

    Floats are rounded to the nearest of uint8's 256 grey levels, and labels get the smallest unsigned type.
    The test images are shuffled, the same way every time: some questions look at a part of them, and such
    data are often sorted by class.

    Raises UserError for the first fault: one line with the array, what was expected and what was received.
    """
    try:
        with reading("the file"):
            arrays = _folder(path) if path.is_dir() else _archive(path)
        return _checked(*arrays)
    except UserError as error:
        # A message may quote the file, which may hold characters that control a terminal.
        raise UserError(f"{name}: {printable(str(error))}") from error


def _archive(path: Path) -> list[Named]:
    if not path.is_file() or not zipfile.is_zipfile(path):
        received = "another kind of file" if path.exists() else "a path where nothing is"
        raise UserError(f"expected an .npz file or a folder with the four IDX files, received {received}")
    with np.load(path, allow_pickle=False) as members:
        for names in (OURS, KERAS):
            if set(names) <= set(members.files):
                return [(name, _member(members, name)) for name in names]
        received = ", ".join(members.files) or "none"
    raise UserError(f"expected the arrays {', '.join(OURS)} (or {', '.join(KERAS)}), received {received}")


def _member(members: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    with reading(name):
        content = members[name]
    if not isinstance(content, np.ndarray):  # numpy returns bytes for a member in another format
        raise UserError(f"{name}: expected an array as numpy saves it, received other bytes")
    return content


def _folder(path: Path) -> list[Named]:
    files = {name: plain_or_gz(path / name) for name in FILES}
    missing = [name for name, file in files.items() if file is None]
    if missing:
        raise UserError(
            f"expected the four IDX files {', '.join(FILES)} (plain or .gz), "
            f"received a folder without {', '.join(missing)}"
        )
    return [(file.name, _idx(file)) for file in files.values() if file is not None]


def _idx(file: Path) -> np.ndarray:
    with reading(file.name):
        content = file.read_bytes()
        return idx.decode(gzip.decompress(content) if file.suffix == ".gz" else content, file.name)


def _checked(train_images: Named, train_labels: Named, test_images: Named, test_labels: Named) -> Images:
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        _check_images(*images)
        _check_labels(*labels)
        if len(images[1]) != len(labels[1]):
            raise UserError(
                f"{labels[0]}: expected a label for each of the {len(images[1])} images of {images[0]}, "
                f"received {len(labels[1])}"
            )
    expected, received = train_images[1].shape[1:], test_images[1].shape[1:]
    if expected != received:
        raise UserError(
            f"{test_images[0]}: expected images of {expected} like {train_images[0]}, received {received}"
        )
    classes = _classes(*train_labels)
    highest = test_labels[1].max()
    if highest >= classes:
        raise UserError(
            f"{test_labels[0]}: expected the classes of {train_labels[0]}, 0 to {classes - 1}, "
            f"received {highest}"
        )
    label_type = np.min_scalar_type(classes - 1)
    order = generator("test images").permutation(len(test_labels[1]))
    return Images(
        train_images=_grey_levels(train_images[1]),
        train_labels=train_labels[1].astype(label_type),
        test_images=_grey_levels(test_images[1][order]),
        test_labels=test_labels[1][order].astype(label_type),
    )


def _check_images(name: str, images: np.ndarray) -> None:
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise UserError(
            f"{name}: expected images (N, height, width) or (N, height, width, channels), "
            f"received shape {images.shape}"
        )
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise UserError(
            f"{name}: expected uint8, or floats in [0, 1], received {images.dtype}; "
            "convert whole numbers from 0 to 255 with astype('uint8')"
        )
    faulty = np.flatnonzero(~np.isfinite(images).all(axis=tuple(range(1, images.ndim))))
    if faulty.size:
        raise UserError(
            f"{name}: expected finite numbers, received NaN or infinity in {faulty.size} of {len(images)} "
            f"images, first in image {faulty[0]}"
        )
    if images.min() < 0 or images.max() > 1:
        raise UserError(
            f"{name}: expected floats in [0, 1], received {images.min():g} to {images.max():g}; "
            "divide by the largest possible value"
        )


def _check_labels(name: str, labels: np.ndarray) -> None:
    if labels.ndim != 1:
        raise UserError(f"{name}: expected labels (N,), received shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise UserError(
            f"{name}: expected integers, received {labels.dtype}; number the classes from 0, as integers"
        )
    if labels.size and labels.min() < 0:
        raise UserError(f"{name}: expected classes from 0 up, received {labels.min()}")


def _classes(name: str, labels: np.ndarray) -> int:
    """Return the number of classes. Raises UserError unless every class has an image."""
    present = np.unique(labels)
    last = int(present[-1])
    if last == 0:
        raise UserError(f"{name}: expected at least two classes, received class 0 alone")
    missing = 1 + last - len(present)
    if missing:
        # The first NAMED missing classes are below len(present) + NAMED: `last` itself may be huge.
        first = np.setdiff1d(np.arange(len(present) + NAMED), present)[: min(NAMED, missing)]
        more = f" and {missing - len(first)} more" if missing > len(first) else ""
        raise UserError(
            f"{name}: expected an image of every class from 0 to {last}, "
            f"received none of {', '.join(map(str, first))}{more}; number the classes from 0 without a gap"
        )
    return len(present)


def _grey_levels(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images if images.dtype == np.uint8 else np.rint(images * 255), np.uint8)
