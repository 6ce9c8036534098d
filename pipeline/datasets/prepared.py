"""What the prepare stage leaves on disk, and what a run reads of it."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from pipeline.datasets.images import Images
from pipeline.datasets.seeds import generator
from pipeline.system.files import emptied

IMAGES = Path("data/images")
SPLITS = Path("data/splits")
DIGESTS = SPLITS / "digests.json"
NOTES = "notes.json"  # beside the images of a source


@dataclass(frozen=True)
class Split:
    """The draws of a condition: D training sets of n images, those to choose on last, and validation images.

    `train` (D, n) and `validation` (V,) index the training images; `labels` (D, n) are those trained
    on, wrong ones included. `distractors` (2,) are the number of columns of useless pixels, and their seed.
    """

    train: np.ndarray
    labels: np.ndarray
    validation: np.ndarray
    distractors: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))


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
        for part in fields(images):
            np.save(pictures / f"{part.name}.npy", getattr(images, part.name), allow_pickle=False)
        if said := (notes or {}).get(source):
            (pictures / NOTES).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        for condition, split in splits.items():
            for part in fields(split):
                array = getattr(split, part.name)
                np.save(drawn / f"{condition}_{part.name}.npy", array, allow_pickle=False)
            replicates = (replicate(images, split, number) for number in range(len(split.train)))
            digests[condition] = list(_digests(replicates))
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
    chosen = split.train[number]
    columns, seed = map(int, split.distractors)
    # A training set is known by its first image, whatever its number is among how many.
    beside = functools.partial(_beside, columns=columns, seed=seed)
    return Replicate(
        train_images=beside(images.train_images, chosen, "train", int(chosen[0])),
        train_labels=split.labels[number],
        validation_images=beside(images.train_images, split.validation, "validation", 0),
        validation_labels=images.train_labels[split.validation],
        test_images=beside(images.test_images, slice(None), "test", 0),
        test_labels=images.test_labels,
        classes=1 + int(images.train_labels.max()),
    )


def _beside(
    images: np.ndarray, chosen: np.ndarray | slice, part: str, number: int, columns: int, seed: int
) -> np.ndarray:
    """Return the chosen images (n, height, width + columns, ...): beside each, columns of a random other.

    The columns are the same ones for all images.
    """
    shown = images[chosen]
    if not columns:
        return shown
    taken = np.sort(generator("distracting columns", seed).permutation(images.shape[2])[:columns])
    others = generator("distractors", seed, part, number).integers(len(images), size=len(shown))
    return np.concatenate([shown, images[others][:, :, taken]], axis=2)


def _map(path: Path) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _digests(replicates: Iterable[Replicate]) -> Iterator[str]:
    """Yield the digest of the data of every run; the test images are those of the first."""
    tested = None
    for data in replicates:
        tested = tested or hashlib.sha256(_content(data.test_images) + _content(data.test_labels))
        digest = tested.copy()
        for name in ("train_images", "train_labels", "validation_images", "validation_labels"):
            digest.update(_content(getattr(data, name)))
        digest.update(f"{data.classes}".encode())
        yield digest.hexdigest()


def _content(array: np.ndarray) -> bytes:
    return f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
