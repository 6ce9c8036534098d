"""The user's own data: read by their format, checked before anything is drawn, and brought to one form.

Images are (N, height, width) or (N, height, width, channels), of any size; labels are any integers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.datasets.images import Dataset, Images
from pipeline.datasets.own import archives, class_folders, classes, idx_folders, pixels
from pipeline.datasets.own.parts import Named, Notes, Part, Parts, decoding
from pipeline.datasets.seeds import generator
from pipeline.system.errors import UserError
from pipeline.system.untrusted import printable

TESTED = 5  # where no test set is given, one image in so many of a class is tested on
SHOWN = 600  # characters of a message or a note


def read(path: Path, name: str) -> Dataset:
    """Read the data at `path`, which error messages call `name`.

    The images become uint8 and the labels the smallest unsigned type, counted from 0. Validation images join
    the training images. Where no test set is given, one is drawn: a fifth of each class, the same every time.
    The test images are shuffled, the same way every time: some questions look at a part of them, and such
    data are often sorted by class.

    Raises UserError for the first fault: one line with the array or file, what was expected, what was
    received and how to correct it.
    """
    try:
        with decoding("the data", "data that can be read"):
            images, notes = _images(_parts(path))
    except UserError as error:
        # A message may quote the file, which may hold characters that control a terminal.
        raise UserError(f"{name}: {_line(str(error))}") from error
    return Dataset(images, tuple(_line(note) for note in notes))


def _parts(path: Path) -> Parts:
    if not path.is_dir():
        return archives.read(path)
    return idx_folders.read(path) if idx_folders.candidates(path) else class_folders.read(path)


def _images(parts: Parts) -> tuple[Images, tuple[str, ...]]:
    notes = Notes(parts.notes)
    train = _checked(parts.train, notes)
    validation, test = (part and _checked(part, notes) for part in (parts.validation, parts.test))
    for part in (validation, test):
        if part:
            _check_alike(train.images, part.images)
    if validation:
        train = _joined(train, validation, notes)
    train_labels, test_labels = classes.count_from_zero(train.labels, test and test.labels, notes)
    train_images = train.images.values
    if test is None or test_labels is None:
        test_images, test_labels = train_images, train_labels
        kept, order = _drawn(train_labels, notes)
        train_images, train_labels = train_images[kept], train_labels[kept]
    else:
        test_images, order = test.images.values, np.arange(len(test_labels))
    order = order[generator("test images").permutation(len(order))]
    images = Images(train_images, train_labels, test_images[order], test_labels[order])
    return images, notes.sentences()


def _checked(part: Part, notes: Notes) -> Part:
    """Return a part with images of uint8 and labels of int64 (N,), one for each image."""
    images, labels = part
    checked = Part(
        Named(images.name, pixels.levels(images, notes)), Named(labels.name, classes.integers(labels, notes))
    )
    if len(images.values) != len(labels.values):
        raise UserError(
            f"{labels.name}: expected a label for each of the {len(images.values)} images of {images.name}, "
            f"received {len(labels.values)}; check that the two belong together"
        )
    return checked


def _check_alike(train: Named, other: Named) -> None:
    expected, received = train.values.shape[1:], other.values.shape[1:]
    if expected != received:
        raise UserError(
            f"{other.name}: expected images of {expected} like {train.name}, received {received}; "
            "bring all images to one shape"
        )


def _joined(train: Part, validation: Part, notes: Notes) -> Part:
    count = len(validation.labels.values)
    notes.add(
        f"the validation images ({count:,} of {validation.images.name}) are put with the training images"
    )
    return Part(
        *(
            Named(first.name, np.concatenate([first.values, second.values]))
            for first, second in zip(train, validation, strict=True)
        )
    )


def _drawn(labels: np.ndarray, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Draw a test set, a fifth of the images of each class; return the indices of both parts."""
    rng = generator("test set")
    members = [rng.permutation(np.flatnonzero(labels == label)) for label in range(1 + int(labels.max()))]
    tested = np.sort(np.concatenate([indices[: round(len(indices) / TESTED)] for indices in members]))
    if not tested.size:
        raise UserError(
            f"expected a test set, or at least 3 images of a class to draw one from, "
            f"received {max(map(len, members))} at most; add images"
        )
    notes.add(
        f"no test set is given: a fifth of the images of each class ({len(tested):,} of {len(labels):,}), "
        "drawn at random with a fixed seed, is tested on and not trained on"
    )
    return np.setdiff1d(np.arange(len(labels)), tested), tested


def _line(text: str) -> str:
    line = printable(text)
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
