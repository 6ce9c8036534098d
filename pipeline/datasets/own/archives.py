"""Arrays in an .npz file, by the names of this project, of Keras or of MedMNIST."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from pipeline.datasets.own.parts import FORMATS, Named, Part, Parts, check_size, decoding, listed
from pipeline.system.errors import UserError

NAMES = (("{}_images", "{}_labels"), ("x_{}", "y_{}"))  # of MNIST and MedMNIST, and of Keras
ROLES = {"train": "train", "val": "validation", "test": "test"}
NO_SPLIT = (("images", "labels"), ("x", "y"))
ACCEPTED = (
    "the arrays train_images, train_labels, test_images, test_labels (and val_images, val_labels), "
    "or x_train, y_train, x_test, y_test (and x_val, y_val), "
    "or images, labels where there is no test set"
)
# numpy writes no other kind, and zipfile unpacks others without a limit.
COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Pair = tuple[str, str]  # the names of an array of images and of the array of their labels


def read(path: Path) -> Parts:
    """Read the arrays of the .npz file at `path`; arrays of other names are not read.

    Raises UserError for another kind of file, for other arrays, and for what cannot be unpacked.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        if path.exists():
            raise UserError(f"expected {FORMATS}, received another kind of file; save arrays with np.savez")
        raise UserError(f"expected {FORMATS}, received a path where nothing is; check the path")
    with decoding("the file", "an .npz file as numpy saves it"):
        with zipfile.ZipFile(path) as archive:
            members = [(member.filename.removesuffix(".npy"), member) for member in archive.infolist()]
        pairs = _pairs([name for name, _ in members])
        used = [name for pair in pairs.values() for name in pair]
        for name, member in members:
            if name in used and member.compress_type not in COMPRESSION:
                raise UserError(
                    f"{name}: expected an array as numpy saves it, received another compression; "
                    "save it with np.savez_compressed"
                )
        check_size(listed(used), sum(member.file_size for name, member in members if name in used))
        with np.load(path, allow_pickle=False) as arrays:
            parts = {role: Part(_array(arrays, i), _array(arrays, j)) for role, (i, j) in pairs.items()}
    others = [name for name, _ in members if name not in used]
    notes = (f"arrays that are not read: {listed(others)}",) if others else ()
    return Parts(**parts, notes=notes)


def _pairs(names: Collection[str]) -> dict[str, Pair]:
    """Return the names of the arrays of each part: train, and those of validation and test that are there."""
    tests = [name for name in names if "test" in name.lower()]
    for images, labels in NAMES:
        pairs = {part: (images.format(role), labels.format(role)) for role, part in ROLES.items()}
        present = {part: pair for part, pair in pairs.items() if set(pair) <= set(names)}
        # An array that may be the test set by another name is not passed over.
        if "train" in present and ("test" in present or not tests):
            return present
    for pair in NO_SPLIT:
        if set(pair) <= set(names) and not tests:
            return {"train": pair}
    raise UserError(f"expected {ACCEPTED}, received {listed(names) or 'none'}; rename them in np.savez")


def _array(arrays: Mapping[str, np.ndarray], name: str) -> Named:
    try:
        with decoding(name, "an array as numpy saves it"):
            values = arrays[name]
    except UserError as error:
        if "allow_pickle" not in str(error):
            raise
        raise UserError(
            f"{name}: expected an array of numbers, received Python objects, which are not unpickled; "
            "bring all items to one shape and save them as one array of numbers"
        ) from error
    if not isinstance(values, np.ndarray):  # numpy returns bytes for a member in another format
        raise UserError(
            f"{name}: expected an array as numpy saves it, received other bytes; save it with np.savez"
        )
    return Named(name, values)
