"""What the prepare stage leaves on disk, and what a run reads of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.datasets.mnist import Images
from pipeline.system.files import emptied

IMAGES = Path("data/images")
SPLITS = Path("data/splits")
DIGESTS = SPLITS / "digests.json"
NOTES = IMAGES / "notes.json"


@dataclass(frozen=True)
class Split:
    """The draws of a condition: D training sets of n images, those to choose on last, and validation images.

    `train` (D, n) and `validation` (V,) index the training images; `labels` (D, n) are those trained
    on, wrong ones included.
    """

    train: np.ndarray
    labels: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True)
class Replicate:
    """The data of one run: images uint8 (n, ...) and labels uint8 (n,), to train, validate and test on."""

    train_images: np.ndarray
    train_labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: int


def write(root: Path, images: Images, splits: Mapping[str, Split], notes: Sequence[str] = ()) -> None:
    """Write images, draws and notes, and the digest of what a run on each training set sees."""
    drawn, pictures = emptied(root / SPLITS), emptied(root / IMAGES)
    for field in fields(images):
        np.save(pictures / f"{field.name}.npy", getattr(images, field.name), allow_pickle=False)
    if notes:
        (root / NOTES).write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")
    tested = hashlib.sha256(_content(images.test_images) + _content(images.test_labels))
    digests: dict[str, list[str]] = {}
    for condition, split in splits.items():
        for field in fields(split):
            np.save(drawn / f"{condition}_{field.name}.npy", getattr(split, field.name), allow_pickle=False)
        data = (replicate(images, split, number) for number in range(len(split.train)))
        digests[condition] = [_digest(tested, replicate) for replicate in data]
    (root / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def read_digests(root: Path) -> dict[str, list[str]]:
    """Return the digests of every condition's data, one a training set."""
    digests: dict[str, list[str]] = json.loads((root / DIGESTS).read_text(encoding="utf-8"))
    return digests


def read_notes(root: Path) -> list[str]:
    """Return what was changed when the data were read, in plain sentences; none where nothing was."""
    path = root / NOTES
    notes: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return notes


def read_images(root: Path) -> Images:
    """Map the images into memory; the processes of a machine share them."""
    return Images(
        **{f.name: _map(root / IMAGES / f"{f.name}.npy") for f in fields(Images)},
    )


def read_split(root: Path, setting: str) -> Split:
    """Return the draws of a setting."""
    return Split(**{f.name: _map(root / SPLITS / f"{setting}_{f.name}.npy") for f in fields(Split)})


def replicate(images: Images, split: Split, number: int) -> Replicate:
    """Return the data of the runs on training set `number` of a setting."""
    return Replicate(
        train_images=images.train_images[split.train[number]],
        train_labels=split.labels[number],
        validation_images=images.train_images[split.validation],
        validation_labels=images.train_labels[split.validation],
        test_images=images.test_images,
        test_labels=images.test_labels,
        classes=1 + int(images.train_labels.max()),
    )


def _map(path: Path) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _digest(tested: hashlib._Hash, data: Replicate) -> str:
    """Return the digest of the data of a run, that of the test images given."""
    digest = tested.copy()
    for name in ("train_images", "train_labels", "validation_images", "validation_labels"):
        digest.update(_content(getattr(data, name)))
    digest.update(f"{data.classes}".encode())
    return digest.hexdigest()


def _content(array: np.ndarray) -> bytes:
    return f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
