"""Data of one's own for the tests: a miniature that is right, and how it is saved."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.datasets import own
from pipeline.system.errors import UserError

Arrays = dict[str, Any]

NAME = "datasets/mine.npz"
KERAS = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}
IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def good(**changes: Any) -> Arrays:
    """Seven images to train on, of three classes, and five to test; each of 3 x 2 pixels, all different."""
    arrays: Arrays = {
        "train_images": np.arange(42, dtype=np.uint8).reshape(7, 3, 2),
        "train_labels": np.array([0, 0, 1, 1, 2, 2, 0]),
        "test_images": np.arange(100, 130, dtype=np.uint8).reshape(5, 3, 2),
        "test_labels": np.array([0, 1, 2, 2, 2]),
    }
    return arrays | changes


def twice(images: np.ndarray, labels: np.ndarray) -> Arrays:
    """The same images to train on and to test."""
    return {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}


def as_idx(array: np.ndarray) -> bytes:
    """The array as an IDX file of unsigned bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def as_picture(pixels: np.ndarray, mode: str | None = None, kind: str = "PNG", **options: Any) -> bytes:
    """The pixels as a PNG or JPEG file."""
    stream = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(stream, kind, **options)
    return stream.getvalue()


def grey(value: int, height: int = 3, width: int = 2) -> np.ndarray:
    """A picture whose pixels all differ, beginning at a value."""
    return (value + np.arange(height * width, dtype=np.uint8)).reshape(height, width)


def red(value: int) -> np.ndarray:
    """The same in three channels that differ."""
    return np.stack([grey(value), grey(value + 50), grey(value + 100)], axis=2)


def split(**pictures: bytes) -> dict[str, bytes]:
    """Three classes to train on, of two pictures each, and two to test on; others by keyword are added."""
    files = {
        f"train/{name}/{number}.png": as_picture(grey(10 * place + number))
        for place, name in enumerate(("cat", "dog", "eel"))
        for number in range(2)
    }
    files |= {f"test/{name}/0.png": as_picture(grey(100 + place)) for place, name in ((0, "cat"), (2, "eel"))}
    return files | pictures


def save(folder: Path, arrays: Mapping[str, Any]) -> Path:
    """Save the arrays as an archive, as numpy does, pickles included; return its path."""
    np.savez(folder / "mine.npz", **arrays)
    return folder / "mine.npz"


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files, given by their paths in the folder, which is returned."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def refusal(path: Path) -> str:
    """The one line that refuses the data at `path`, without their name."""
    with pytest.raises(UserError) as refused:
        own.read(path, NAME)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{NAME}: ")
    assert line.isprintable()
    return line.removeprefix(f"{NAME}: ")


def pairs(images: np.ndarray, labels: np.ndarray) -> list[tuple[list[Any], int]]:
    """The images with their labels, whatever their order."""
    return sorted(zip(images.tolist(), labels.tolist(), strict=True))


def check_good(images: Any) -> None:
    """All of `good()` is there; the training images in their order."""
    assert np.array_equal(images.train_images, good()["train_images"])
    assert np.array_equal(images.train_labels, good()["train_labels"])
    expected = pairs(good()["test_images"], good()["test_labels"])
    assert pairs(images.test_images, images.test_labels) == expected
    for array in (images.train_images, images.train_labels, images.test_images, images.test_labels):
        assert array.dtype == np.uint8
