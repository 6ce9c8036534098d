"""Data of one's own that cannot be used: every fault is one line."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets import own
from pipeline.system.errors import UserError
from tests.own_data import IDX, KERAS, NAME, Arrays, as_idx, good


def save(folder: Path, given_arrays: Arrays) -> Path:
    """Save the arrays as an archive, as numpy does, pickles included."""
    np.savez(folder / "mine.npz", **given_arrays)
    return folder / "mine.npz"


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        own.read(path, NAME)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{NAME}: ")
    return line.removeprefix(f"{NAME}: ")


def changed(array: np.ndarray, place: Any, value: Any) -> np.ndarray:
    copy = array.copy()
    copy[place] = value
    return copy


FLOATS = good()["train_images"] / 255.0
FAULTS: dict[str, tuple[Arrays, str]] = {
    "flat images": (
        {"train_images": np.zeros((7, 6), np.uint8)},
        "train_images: expected images (N, height, width) or (N, height, width, channels), "
        "received shape (7, 6)",
    ),
    "no image": (
        {"test_images": np.zeros((0, 3, 2), np.uint8)},
        "test_images: expected images (N, height, width) or (N, height, width, channels), "
        "received shape (0, 3, 2)",
    ),
    "another size": (
        {"test_images": np.zeros((5, 2, 3), np.uint8)},
        "test_images: expected images of (3, 2) like train_images, received (2, 3)",
    ),
    "whole numbers": (
        {"train_images": good()["train_images"].astype(np.int64)},
        "train_images: expected uint8, or floats in [0, 1], received int64; "
        "convert whole numbers from 0 to 255 with astype('uint8')",
    ),
    "NaN": (
        {"train_images": changed(changed(FLOATS, (4, 1, 1), np.nan), (6, 0, 0), np.inf)},
        "train_images: expected finite numbers, received NaN or infinity in 2 of 7 images, first in image 4",
    ),
    "floats to 255": (
        {"train_images": 255 * FLOATS},
        "train_images: expected floats in [0, 1], received 0 to 41; divide by the largest possible value",
    ),
    "floats below 0": (
        {"test_images": np.full((5, 3, 2), -0.5)},
        "test_images: expected floats in [0, 1], received -0.5 to -0.5; divide by the largest possible value",
    ),
    "labels in a column": (
        {"train_labels": good()["train_labels"][:, None]},
        "train_labels: expected labels (N,), received shape (7, 1)",
    ),
    "one-hot labels": (
        {"test_labels": np.eye(3, dtype=np.uint8)[good()["test_labels"]]},
        "test_labels: expected labels (N,), received shape (5, 3)",
    ),
    "labels as floats": (
        {"train_labels": changed(good()["train_labels"].astype(float), 0, np.nan)},
        "train_labels: expected integers, received float64; number the classes from 0, as integers",
    ),
    "labels as texts": (
        {"train_labels": np.array(["cat"] * 7)},
        "train_labels: expected integers, received <U3; number the classes from 0, as integers",
    ),
    "a label below 0": (
        {"train_labels": changed(good()["train_labels"], 3, -1)},
        "train_labels: expected classes from 0 up, received -1",
    ),
    "a label above the last class": (
        {"test_labels": changed(good()["test_labels"], 3, 3)},
        "test_labels: expected the classes of train_labels, 0 to 2, received 3",
    ),
    "an empty class": (
        {"train_labels": np.array([0, 0, 3, 3, 1, 1, 0])},
        "train_labels: expected an image of every class from 0 to 3, received none of 2; "
        "number the classes from 0 without a gap",
    ),
    "classes from 1": (
        {"train_labels": good()["train_labels"] + 1},
        "train_labels: expected an image of every class from 0 to 3, received none of 0; "
        "number the classes from 0 without a gap",
    ),
    "labels that are numbers of customers": (
        {"train_labels": np.array([0, 10**15, 2, 5, 5, 5, 0])},
        f"train_labels: expected an image of every class from 0 to {10**15}, received none of 1, 3, 4 "
        f"and {10**15 + 1 - 4 - 3} more; number the classes from 0 without a gap",
    ),
    "one class": (
        {"train_labels": np.zeros(7, int), "test_labels": np.zeros(5, int)},
        "train_labels: expected at least two classes, received class 0 alone",
    ),
    "too few labels": (
        {"train_labels": good()["train_labels"][:6]},
        "train_labels: expected a label for each of the 7 images of train_images, received 6",
    ),
    "too many labels": (
        {"test_labels": np.zeros(9, int)},
        "test_labels: expected a label for each of the 5 images of test_images, received 9",
    ),
    "pickled images": (
        {"train_images": np.array([None] * 7)},
        "cannot read train_images: ValueError: Object arrays cannot be loaded when allow_pickle=False",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(tmp_path: Path, fault: str) -> None:
    changes, message = FAULTS[fault]
    assert refusal(save(tmp_path, good(**changes))) == message


def test_the_line_names_the_array_as_its_owner_does(tmp_path: Path) -> None:
    faulty = good(train_labels=np.zeros(6, int))
    line = refusal(save(tmp_path, {KERAS[name]: array for name, array in faulty.items()}))
    assert line == "y_train: expected a label for each of the 7 images of x_train, received 6"


def test_a_missing_array_is_answered_with_those_there_are(tmp_path: Path) -> None:
    assert refusal(save(tmp_path, {"train_images": np.zeros(3), "y_train": np.zeros(3)})) == (
        "expected the arrays train_images, train_labels, test_images, test_labels "
        "(or x_train, y_train, x_test, y_test), received train_images, y_train"
    )


@pytest.mark.parametrize("there", [False, True])
def test_what_is_no_archive_is_one_line(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "mine.npz"
    if there:
        np.save(path.with_suffix(".npy"), np.zeros(3))
        path.with_suffix(".npy").rename(path)
    received = "another kind of file" if there else "a path where nothing is"
    assert refusal(path) == f"expected an .npz file or a folder with the four IDX files, received {received}"


def test_a_member_that_is_no_array_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        for name in good():
            archive.writestr(f"{name}.npy", b"no array")
    line = refusal(tmp_path / "mine.npz")
    assert line == "train_images: expected an array as numpy saves it, received other bytes"


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, **good())
    content = stream.getvalue()
    place = content.index(good()["train_images"].tobytes())
    (tmp_path / "mine.npz").write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    assert refusal(tmp_path / "mine.npz").startswith("cannot read train_images: BadZipFile: ")


def test_the_names_in_a_file_do_not_move_the_cursor(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        archive.writestr("\x1b[2J\n.npy", b"")
    assert refusal(tmp_path / "mine.npz").endswith("received  [2J ")


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    (tmp_path / IDX["train_images"]).write_bytes(as_idx(good()["train_images"]))
    assert refusal(tmp_path) == (
        f"expected the four IDX files {', '.join(IDX.values())} (plain or .gz), received a folder without "
        f"{IDX['train_labels']}, {IDX['test_images']}, {IDX['test_labels']}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_idx(good()["train_images"])[:-1],
         "expected 42 bytes for shape (7, 3, 2), received 41 (truncated)"),
        (b"", "expected an IDX magic number (0x00000803 for images, 0x00000801 for labels), "
              "received an empty file"),
        (as_idx(np.zeros(7)), "expected images (N, height, width) or (N, height, width, channels), "
                              "received shape (7,)"),
    ],
    ids=["truncated", "empty", "labels in its place"],
)  # fmt: skip
def test_a_faulty_idx_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    for name, array in good().items():
        (tmp_path / IDX[name]).write_bytes(as_idx(array))
    (tmp_path / IDX["train_images"]).write_bytes(content)
    assert refusal(tmp_path) == f"{IDX['train_images']}: {message}"


def test_a_gzip_file_that_breaks_off_is_one_line(tmp_path: Path) -> None:
    for name, array in good().items():
        (tmp_path / f"{IDX[name]}.gz").write_bytes(gzip.compress(as_idx(array)))
    broken = tmp_path / f"{IDX['test_labels']}.gz"
    broken.write_bytes(broken.read_bytes()[:-9])
    assert refusal(tmp_path).startswith(f"cannot read {broken.name}: EOFError: ")
