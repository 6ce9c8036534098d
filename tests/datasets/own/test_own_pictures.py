"""PNG and JPEG files of several kinds: those that are taken, and those that are refused."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from pipeline.datasets.own import parts
from tests.own_data import NAME, as_picture, grey, red, refusal, split, write


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


def test_pictures_that_would_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LIMIT", 47)
    line = refusal(write(tmp_path, split()))  # 8 pictures of 6 bytes
    assert line.startswith("the pictures: expected at most ")
