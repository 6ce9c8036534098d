"""What the prepare stage leaves on disk, and what a run reads of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.datasets.images import Images
from pipeline.system.files import emptied

IMAGES = Path("data/images")
SPLITS = Path("data/splits")
DIGESTS = SPLITS / "digests.json"
NOTES = "notes.json"  # beside the images of a source


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


def folder(source: str) -> Path:
    """Return where the images of a source are: a folder of its name, or for a path of one that it determines.

    Two sources never share a folder, and none is outside IMAGES.
    """
    if re.fullmatch("[a-z0-9_]+", source):
        return IMAGES / source
    words = re.sub("[^A-Za-z0-9]+", "-", source).strip("-")[:40]
    return IMAGES / f"{words}-{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def write(
    root: Path,
    data: Mapping[str, tuple[Images, Mapping[str, Split]]],
    notes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the images of every source, the draws of its conditions, and the digest of what a run sees.

    `data` has, by source, the images and the draws by condition; `notes`, what was changed of the images.
    """
    emptied(root / IMAGES)
    drawn = emptied(root / SPLITS)
    digests: dict[str, list[str]] = {}
    for source, (images, splits) in data.items():
        pictures = emptied(root / folder(source))
        for field in fields(images):
            np.save(pictures / f"{field.name}.npy", getattr(images, field.name), allow_pickle=False)
        if said := (notes or {}).get(source):
            (pictures / NOTES).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        tested = hashlib.sha256(_content(images.test_images) + _content(images.test_labels))
        for condition, split in splits.items():
            for field in fields(split):
                array = getattr(split, field.name)
                np.save(drawn / f"{condition}_{field.name}.npy", array, allow_pickle=False)
            replicates = (replicate(images, split, number) for number in range(len(split.train)))
            digests[condition] = [_digest(tested, replicate) for replicate in replicates]
    (root / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def read_digests(root: Path) -> dict[str, list[str]]:
    """Return the digests of every condition's data, one a training set."""
    digests: dict[str, list[str]] = json.loads((root / DIGESTS).read_text(encoding="utf-8"))
    return digests


def read_notes(root: Path, source: str) -> list[str]:
    """Return what was changed when the data were read, in plain sentences; none where nothing was."""
    path = root / folder(source) / NOTES
    notes: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return notes


def read_images(root: Path, source: str) -> Images:
    """Map the images of a source into memory; the processes of a machine share them."""
    return Images(**{f.name: _map(root / folder(source) / f"{f.name}.npy") for f in fields(Images)})


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
