"""Arrays that cannot be used: a fault is one line that names the array and a remedy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.own import parts
from tests.own_data import KERAS, Arrays, good, refusal, save

SHAPES = "expected images (N, height, width) or (N, height, width, channels)"
ALIKE = (
    "divide all arrays by the same number, the largest that their format can hold, "
    "such as 255 for 8 bits or 65535 for 16"
)
SHIFT = "bring all arrays to [0, 1] in the same way, such as (x + 1) / 2 for values from -1 to 1"
CUT = (
    "if floats in [0, 1] were cut to whole numbers, save the floats; "
    "if the images are black and white, multiply by 255"
)
LABELS = "expected labels (N,) or (N, 1), one class for each image"


def changed(array: np.ndarray, place: Any, value: Any) -> np.ndarray:
    copy = array.copy()
    copy[place] = value
    return copy


FLOATS = good()["train_images"] / 255.0
WHOLE = good()["train_images"].astype(np.int64)
FAULTS: dict[str, tuple[Arrays, str]] = {
    "flat images": (
        {"train_images": np.zeros((7, 6), np.uint8)},
        f"train_images: {SHAPES}, received shape (7, 6); save the images with their height and width",
    ),
    "flat square images": (
        {"train_images": np.zeros((7, 784), np.uint8)},
        f"train_images: {SHAPES}, received shape (7, 784); "
        "if they are square, reshape them with reshape(-1, 28, 28)",
    ),
    "no pixel that is True": (
        {"train_images": np.zeros((7, 3, 2), bool)},
        "train_images: expected some pixels that are True, received none; check the images",
    ),
    "no image": (
        {"test_images": np.zeros((0, 3, 2), np.uint8)},
        f"test_images: {SHAPES}, received shape (0, 3, 2); save at least one image",
    ),
    "a number": (
        {"test_images": np.array(3, np.uint8)},
        f"test_images: {SHAPES}, received shape (); save the images with their height and width",
    ),
    "another size": (
        {"test_images": np.full((5, 2, 3), 9, np.uint8)},
        "test_images: expected images of (3, 2) like train_images, received (2, 3); "
        "bring all images to one shape",
    ),
    "whole numbers above 255": (
        {"train_images": WHOLE.astype(np.uint16) * 257},
        f"train_images: expected whole numbers from 0 to 255, received uint16 from 0 to {41 * 257}; {ALIKE}",
    ),
    "whole numbers below 0": (
        {"test_images": good()["test_images"].astype(int) - 128},
        f"test_images: expected whole numbers from 0 to 255, received int64 from -28 to 1; {SHIFT}",
    ),
    "floats cut to whole numbers": (
        {"train_images": FLOATS.astype(np.uint8)},
        f"train_images: expected whole numbers up to 255, received 0 as the largest; {CUT}",
    ),
    "0 and 1 for black and white": (
        {"test_images": good()["test_images"] % 2},
        f"test_images: expected whole numbers up to 255, received 1 as the largest; {CUT}",
    ),
    "0 and 1 of another type": (
        {"train_images": WHOLE % 2},
        f"train_images: expected whole numbers up to 255, received 1 as the largest; {CUT}",
    ),
    "complex numbers": (
        {"train_images": FLOATS * 1j},
        "train_images: expected uint8 from 0 to 255, or floats in [0, 1], received complex128; "
        "convert the images to one of them",
    ),
    "NaN": (
        {"train_images": changed(changed(FLOATS, (4, 1, 1), np.nan), (6, 0, 0), np.inf)},
        "train_images: expected finite numbers, received NaN or infinity in 2 of 7 images, "
        "first in image 4 (counted from 0); leave these images out, or mend them",
    ),
    "floats to 255": (
        {"train_images": 255 * FLOATS},
        f"train_images: expected floats in [0, 1], received 0 to 41; {ALIKE}",
    ),
    "floats above the tolerance": (
        {"train_images": changed(FLOATS, (0, 0, 0), 1.0011)},
        f"train_images: expected floats in [0, 1], received 0.00392157 to 1.0011; {ALIKE}",
    ),
    "floats below 0": (
        {"test_images": np.full((5, 3, 2), -0.5)},
        f"test_images: expected floats in [0, 1], received -0.5 to -0.5; {SHIFT}",
    ),
    "floats divided twice": (
        {"train_images": FLOATS / 255},
        "train_images: expected floats up to about 1, received 0.000630527 as the largest; "
        "if the images were divided by 255 twice, divide them once",
    ),
    "one-hot labels": (
        {"test_labels": np.eye(3, dtype=np.uint8)[good()["test_labels"]]},
        f"test_labels: {LABELS}, received shape (5, 3); take the argmax(axis=1) of one-hot labels",
    ),
    "labels of three axes": (
        {"test_labels": np.zeros((5, 1, 1), int)},
        f"test_labels: {LABELS}, received shape (5, 1, 1); save them as one axis",
    ),
    "labels as floats": (
        {"train_labels": good()["train_labels"].astype(float)},
        "train_labels: expected integers, received float64; convert them with astype('int64')",
    ),
    "labels with NaN": (
        {"train_labels": changed(good()["train_labels"].astype(float), 0, np.nan)},
        "train_labels: expected integers, received float64; "
        "number the classes with integers, in the same way in every array",
    ),
    "labels as texts": (
        {"train_labels": np.array(["cat"] * 7)},
        "train_labels: expected integers, received <U3; "
        "number the classes with integers, in the same way in every array",
    ),
    "labels of more than 63 bits": (
        {"train_labels": changed(good()["train_labels"].astype(np.uint64), 1, 2**63)},
        f"train_labels: expected integers below 2^63, received {2**63}; number the classes from 0",
    ),
    "a class to test on alone": (
        {"test_labels": changed(good()["test_labels"], 3, 3)},
        "test_labels: expected the classes of train_labels, 0 to 2, received 3; "
        "train on images of every class, or leave the others out",
    ),
    "several classes to test on alone": (
        {"train_labels": 5 * good()["train_labels"]},
        "test_labels: expected the classes of train_labels, 0, 5, 10, received 1, 2; "
        "train on images of every class, or leave the others out",
    ),
    "one class": (
        {"train_labels": np.full(7, 4), "test_labels": np.full(5, 4)},
        "train_labels: expected at least two classes, received 4 alone; check that these are the labels",
    ),
    "too few labels": (
        {"train_labels": good()["train_labels"][:6]},
        "train_labels: expected a label for each of the 7 images of train_images, received 6; "
        "check that the two belong together",
    ),
    "too many labels": (
        {"test_labels": np.zeros(9, int)},
        "test_labels: expected a label for each of the 5 images of test_images, received 9; "
        "check that the two belong together",
    ),
    "no labels": (
        {"train_labels": np.zeros(0, int)},
        "train_labels: expected a label for each of the 7 images of train_images, received 0; "
        "check that the two belong together",
    ),
    "pickled images": (
        {"train_images": np.array([None] * 7)},
        "train_images: expected an array of numbers, received Python objects, which are not unpickled; "
        "bring all items to one shape and save them as one array of numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(tmp_path: Path, fault: str) -> None:
    changes, message = FAULTS[fault]
    assert refusal(save(tmp_path, good(**changes))) == message


def test_the_line_names_the_array_as_the_user_does(tmp_path: Path) -> None:
    faulty = good(train_labels=np.zeros(6, int))
    line = refusal(save(tmp_path, {KERAS[name]: array for name, array in faulty.items()}))
    assert line.startswith("y_train: expected a label for each of the 7 images of x_train, received 6")


def test_what_would_not_fit_into_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LIMIT", 10**6)
    arrays = good(train_images=np.zeros((7, 400, 400), np.uint8))
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    assert (tmp_path / "mine.npz").stat().st_size < 10**4
    assert refusal(tmp_path / "mine.npz").startswith(
        "train_images, train_labels, test_images, test_labels: expected at most "
    )


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    line = refusal(save(tmp_path, {"a" * 5000: np.zeros(3)}))
    assert len(line) < 700
