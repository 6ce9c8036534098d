"""Folders of PNG and JPEG files, with a folder for each class."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from tests.own_data import NAME, as_picture, grey, refusal, split, write

CLASSES = "the class folders cat, dog, eel are the classes 0 to 2, in this order"


def test_greyscale_with_a_split(tmp_path: Path) -> None:
    images, notes = own.read(write(tmp_path, split()), NAME)
    assert images.train_images.dtype == np.uint8
    expected = [grey(value).tolist() for value in (0, 1, 10, 11, 20, 21)]
    assert images.train_images.tolist() == expected
    assert images.train_labels.tolist() == [0, 0, 1, 1, 2, 2]
    tested = zip(images.test_images[:, 0, 0].tolist(), images.test_labels.tolist(), strict=True)
    assert sorted(tested) == [(100, 0), (102, 2)]
    assert notes == (CLASSES,)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colour(tmp_path: Path, kind: str) -> None:
    """JPEG changes the pixels by some levels, so that its pictures here are of one colour each."""
    colours = {"a": (200, 30, 60), "b": (20, 130, 60)}
    files = {
        f"{part}/{name}/1.{kind}": as_picture(np.full((8, 16, 3), colour, np.uint8), kind=kind)
        for name, colour in colours.items()
        for part in ("train", "test")
    }
    images, _ = own.read(write(tmp_path, files), NAME)
    assert images.train_images.shape == (2, 8, 16, 3)
    for image, colour in zip(images.train_images, colours.values(), strict=True):
        assert np.abs(image.astype(int) - colour).max() <= (3 if kind == "JPEG" else 0)


def test_class_folders_alone_are_split(tmp_path: Path) -> None:
    files = {
        f"{name}/{number}.jpg": as_picture(np.full((8, 8), shade + number, np.uint8), kind="JPEG")
        for name, shade in (("b", 100), ("a", 0))
        for number in range(10)
    }
    images, notes = own.read(write(tmp_path, files), NAME)
    assert Counter(images.train_labels.tolist()) == {0: 8, 1: 8}
    assert Counter(images.test_labels.tolist()) == {0: 2, 1: 2}
    shades = [*images.train_images[:, 0, 0].tolist(), *images.test_images[:, 0, 0].tolist()]
    assert sorted(shades) == [*range(10), *range(100, 110)]
    assert (images.test_images[:, 0, 0] // 100 == images.test_labels).all()
    assert notes[0] == "the class folders a, b are the classes 0 to 1, in this order"
    assert notes[1].startswith("no test set is given: a fifth of the images of each class (4 of 20)")


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_validation_pictures_are_trained_on(tmp_path: Path, name: str) -> None:
    extra = {f"{name}/dog/7.png": as_picture(grey(200)), f"{name}/fox/7.png": as_picture(grey(210))}
    images, notes = own.read(write(tmp_path, split() | extra), NAME)
    assert images.train_labels.tolist() == [0, 0, 1, 1, 2, 2, 1, 3]
    assert images.train_images[-2:, 0, 0].tolist() == [200, 210]
    assert notes[1] == f"the validation images (2 of {name}) are put with the training images"


def test_names_that_are_numbers_are_ordered_as_numbers(tmp_path: Path) -> None:
    files = {
        f"{part}/{number}/0.png": as_picture(grey(number))
        for number in range(11)
        for part in ("train", "test")
    }
    images, notes = own.read(write(tmp_path, files), NAME)
    assert dict(zip(images.train_images[:, 0, 0].tolist(), images.train_labels.tolist(), strict=True)) == {
        number: number for number in range(11)
    }
    assert notes == (
        "the class folders 0, 1, 2, 3, 4, 5, 6, 7 and 3 more are the classes 0 to 10, in this order",
    )


def test_hidden_files_and_files_beside_the_folders_are_left_alone(tmp_path: Path) -> None:
    others = ("train/cat/.hidden", ".git/x", "train/cat/Thumbs.db", "train/.DS_Store", "labels.csv")
    files = split() | dict.fromkeys(others, b"-") | {"__MACOSX/train/cat/._0.png": b"-"}
    assert len(own.read(write(tmp_path, files), NAME).images.train_labels) == 6


# ---- arrangements ----

ARRANGED = "expected the class folders in train and test, or all in one folder without a split, received "
MOVE = "move the folders or rename them"
BESIDE = (
    "expected pictures in a folder for each class, received a picture beside the class folders; "
    "move it into the folder of its class"
)
PNG = as_picture(grey(0))
FILES: dict[str, tuple[dict[str, bytes], str]] = {
    "no folder": (
        {"a.txt": b""},
        "expected an .npz file, a folder with the four IDX files of MNIST, or a folder "
        "with a folder of PNG or JPEG files for each class, received a folder with none of them; "
        "name the folder that holds the data itself"),
    "no class folder": ({"a.png": PNG}, f"a.png: {BESIDE}"),
    "pictures to test on without a class": (
        {"train/a/0.png": PNG, "train/b/0.png": PNG, "test/0.png": PNG}, f"test/0.png: {BESIDE}"),
    "a class": ({"train/a/0.png": PNG, "test/a/0.png": PNG},
                "expected at least two class folders, received a alone; add another class"),
    "no train": ({"test/a/0.png": PNG, "test/b/0.png": PNG}, f"{ARRANGED}test without train; {MOVE}"),
    "another folder": (
        {"train/a/0.png": PNG, "test/a/0.png": PNG, "cats/0.png": PNG},
        f"{ARRANGED}cats beside train, test; {MOVE}"),
    "two to test": (
        {"train/a/0.png": PNG, "test/a/0.png": PNG, "testing/a/0.png": PNG},
        "testing: expected one folder for each of train, validation and test, received test too; join them"),
    "a class to test on alone": (
        split() | {"test/fox/0.png": PNG},
        "test/fox: expected the classes of the training images, cat, dog, eel, received another; "
        "train on images of every class"),
    "an empty class": (
        split() | {"train/ant/.keep": b""},
        "train/ant: expected PNG or JPEG files, received an empty folder; "
        "add pictures to train on, or remove the folder"),
    "an empty test set": (
        {"train/a/0.png": PNG, "train/b/0.png": PNG, "test/a/.keep": b""},
        "test: expected images (N, height, width) or (N, height, width, channels), received shape (0, 3, 2); "
        "save at least one image"),
    "another file": (
        split() | {"train/cat/a.bmp": b""},
        "train/cat/a.bmp: expected PNG or JPEG files alone in a class folder, received another file; "
        "move it elsewhere, or name the folder that holds the class folders"),
    "a level too many": (
        {f"all/{name}": content for name, content in split().items()},
        "all/test: expected PNG or JPEG files alone in a class folder, received a folder; "
        "move it elsewhere, or name the folder that holds the class folders"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_another_arrangement_is_one_line(tmp_path: Path, kind: str) -> None:
    files, message = FILES[kind]
    assert refusal(write(tmp_path, files)) == message


def test_a_name_does_not_move_the_cursor(tmp_path: Path) -> None:
    line = refusal(write(tmp_path, split() | {"train/cat/\x1b[2J.png": b"?"}))
    assert line.startswith("train/cat/ [2J.png: expected a PNG or JPEG file, received other bytes")
