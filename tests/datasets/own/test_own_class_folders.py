"""Folders of PNG and JPEG files, with a folder for each class."""

import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from pipeline.datasets.own import parts
from tests.own_data import NAME, as_picture, refusal, write


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


# ---- kinds of pictures ----


def test_a_palette_is_read_as_colour(tmp_path: Path) -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    files = {
        f"{part}/{name}/0.png": as_picture(colours, mode=mode)
        for part in ("train", "test")
        for name, mode in (("a", "P"), ("b", "RGB"))
    }
    images, notes = own.read(write(tmp_path, files), NAME)
    assert images.train_images.shape == (2, 2, 2, 3)
    assert images.train_images[1].tolist() == colours.tolist()
    assert notes[1] == "pictures with a palette are read as RGB (2 of 4 pictures)"


def test_black_and_white_is_read_as_greyscale(tmp_path: Path) -> None:
    black = np.array([[True, False], [False, True]])
    files = {f"{part}/{name}/0.png": as_picture(black) for part in ("train", "test") for name in "ab"}
    images, notes = own.read(write(tmp_path, files), NAME)
    assert images.train_images[0].tolist() == [[255, 0], [0, 255]]
    assert notes[1] == "black-and-white pictures are read as greyscale, 0 and 255 (4 of 4 pictures)"


@pytest.mark.parametrize("colour", [True, False])
def test_an_alpha_channel_that_is_opaque_is_left_out(tmp_path: Path, colour: bool) -> None:
    pixels = red(7) if colour else grey(7)[:, :, None]
    opaque = np.concatenate([pixels, np.full_like(pixels[:, :, :1], 255)], axis=2)
    files = {f"{part}/{name}/0.png": as_picture(opaque) for part in ("train", "test") for name in "ab"}
    images, notes = own.read(write(tmp_path, files), NAME)
    assert images.train_images[0].tolist() == (pixels if colour else pixels[:, :, 0]).tolist()
    assert notes[1].startswith("the alpha channel of pictures that are opaque everywhere is left out (4 of 4")


TRANSPARENT = (
    "expected an opaque picture, received transparent pixels; "
    "put all pictures on the same background and save them without an alpha channel"
)
SIXTEEN = "expected 8 bits a channel, received 16; divide all pictures by 257 and save them with 8"
PLACE = "train/dog/1.png"
CLEAR = np.concatenate([red(7), np.full((3, 2, 1), 254, np.uint8)], axis=2)
PICTURES: dict[str, tuple[bytes, str]] = {
    "transparent": (as_picture(CLEAR), TRANSPARENT),
    "a transparent grey level": (as_picture(grey(7), transparency=8), TRANSPARENT),
    "a transparent colour of a palette": (as_picture(grey(7), mode="P", transparency=8), TRANSPARENT),
    "16 bits": (as_picture(grey(7).astype(np.uint16) * 257), SIXTEEN),
    "four inks": (
        as_picture(red(7), mode="CMYK", kind="JPEG"),
        "expected a greyscale or RGB picture, received mode CMYK; save it as RGB",
    ),
    "another size": (
        as_picture(grey(7, height=4)),
        "expected 2 x 3 pixels in greyscale like train/cat/0.png, received 2 x 4 pixels in greyscale; "
        "bring all pictures to one size and kind",
    ),
    "colour among greyscale": (
        as_picture(red(7)),
        "expected 2 x 3 pixels in greyscale like train/cat/0.png, received 2 x 3 pixels in RGB; "
        "bring all pictures to one size and kind",
    ),
    "too large": (
        as_picture(np.zeros((1, 2**20 + 1), np.uint8)),
        "expected at most 1048576 pixels, received 1048577 x 1; save all pictures in a smaller size",
    ),
    "empty": (b"", "expected a PNG or JPEG file, received an empty file; save it as PNG"),
    "a GIF": (
        as_picture(grey(7), kind="GIF"),
        "expected a PNG or JPEG file, received other bytes; save it as PNG",
    ),
    "a text": (b"P2 2 3 255 ...", "expected a PNG or JPEG file, received other bytes; save it as PNG"),
}  # fmt: skip


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_refused_is_named(tmp_path: Path, kind: str) -> None:
    content, message = PICTURES[kind]
    assert refusal(write(tmp_path, split() | {PLACE: content})) == f"{PLACE}: {message}"


def test_a_truncated_picture_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 2), np.uint8)
    line = refusal(write(tmp_path, split() | {PLACE: as_picture(noise)[:-22]}))
    assert line.startswith(f"{PLACE}: expected a whole PNG or JPEG file, received what cannot be read (")


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_bomb_is_not_decoded(tmp_path: Path, side: int) -> None:
    """A header that declares more pixels than Pillow warns of, or refuses itself."""
    small = as_picture(grey(7))
    header = small[:16] + side.to_bytes(4, "big") * 2 + small[24:29]
    crc = zlib.crc32(header[12:]).to_bytes(4, "big")
    line = refusal(write(tmp_path, split() | {PLACE: header + crc + small[33:]}))
    assert line.startswith(f"{PLACE}: expected at most 1048576 pixels, received ")


# ---- arrangements ----

ARRANGED = "expected the class folders in train and test, or all in one folder without a split, received "
BESIDE = (
    "expected pictures in a folder for each class, received a picture beside the class folders; "
    "move it into the folder of its class"
)
PNG = as_picture(grey(0))
FILES: dict[str, tuple[dict[str, bytes], str]] = {
    "no folder": (
        {"a.txt": b""},
        "expected an .npz file, a folder with the four IDX files of MNIST, or a folder "
        "with a folder of PNG or JPEG files for each class, received a folder with none of them"),
    "no class folder": ({"a.png": PNG}, f"a.png: {BESIDE}"),
    "pictures to test on without a class": (
        {"train/a/0.png": PNG, "train/b/0.png": PNG, "test/0.png": PNG}, f"test/0.png: {BESIDE}"),
    "a class": ({"train/a/0.png": PNG, "test/a/0.png": PNG},
                "expected at least two class folders, received a alone; add another class"),
    "no train": ({"test/a/0.png": PNG, "test/b/0.png": PNG}, f"{ARRANGED}test without train"),
    "another folder": (
        {"train/a/0.png": PNG, "test/a/0.png": PNG, "cats/0.png": PNG}, f"{ARRANGED}cats beside train, test"),
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


def test_pictures_that_would_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LIMIT", 47)
    line = refusal(write(tmp_path, split()))  # 8 pictures of 6 bytes
    assert line.startswith("the pictures: expected at most ")
