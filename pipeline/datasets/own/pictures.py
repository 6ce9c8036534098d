"""PNG and JPEG files, decoded to greyscale or RGB of 8 bits a channel; all of them alike."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.datasets.own.parts import check_size, decoding
from pipeline.system.errors import UserError

PIXELS = 2**20  # of an image: a larger one is not decoded
BYTES = 2**26  # of a file: a larger one is not read
DEPTH = slice(24, 25)  # the byte of a PNG file that says how many bits a channel has

PALETTE = "pictures with a palette are read as RGB"
BILEVEL = "black-and-white pictures are read as greyscale, 0 and 255"
OPAQUE = "the alpha channel of pictures that are opaque everywhere is left out"


class Picture(NamedTuple):
    """The pixels of a file, uint8 (height, width) or (height, width, 3), and a note on each change."""

    pixels: np.ndarray
    changes: list[str]


def decode(files: Mapping[str, Path]) -> tuple[np.ndarray, list[str]]:
    """Return the pixels of files, given by their names, and notes on what was changed.

    The pixels are uint8 (N, height, width) of greyscale pictures, or (N, height, width, 3) of RGB ones.

    Raises UserError for a picture that is too large, transparent, of other than 8 bits a channel, of another
    size or kind than the first, or that cannot be decoded.
    """
    changes: Counter[str] = Counter()
    pixels = np.empty(0, np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on files that it can read or that end in a UserError
        for number, (name, file) in enumerate(files.items()):
            picture = _picture(name, file)
            if number == 0:
                shape = picture.pixels.shape
                check_size("the pictures", len(files) * math.prod(shape))
                pixels = np.empty((len(files), *shape), np.uint8)
            elif picture.pixels.shape != shape:
                raise UserError(
                    f"{name}: expected {_described(shape)} like {next(iter(files))}, "
                    f"received {_described(picture.pixels.shape)}; bring all pictures to one size and kind"
                )
            pixels[number] = picture.pixels
            changes.update(picture.changes)
    return pixels, [f"{change} ({count:,} of {len(files):,} pictures)" for change, count in changes.items()]


def _picture(name: str, file: Path) -> Picture:
    with decoding(name, "a whole PNG or JPEG file"):
        if file.stat().st_size > BYTES:
            raise UserError(f"{name}: expected at most {BYTES} bytes, received more; save a smaller picture")
        content = file.read_bytes()
        try:
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                _check_header(name, image, content)
                return _plain(name, image)
        except UnidentifiedImageError as error:
            raise UserError(
                f"{name}: expected a PNG or JPEG file, "
                f"received {'other bytes' if content else 'an empty file'}; save it as PNG"
            ) from error
        except Image.DecompressionBombError as error:
            raise UserError(f"{name}: {_small('more')}") from error


def _check_header(name: str, image: Image.Image, content: bytes) -> None:
    """Check what is known before a pixel is decoded."""
    width, height = image.size
    if width * height > PIXELS:
        raise UserError(f"{name}: {_small(f'{width} x {height}')}")
    if image.format == "PNG" and content[DEPTH] == b"\x10":
        raise UserError(
            f"{name}: expected 8 bits a channel, received 16; divide all pictures by 257 and save them with 8"
        )


def _plain(name: str, image: Image.Image) -> Picture:
    """Return a picture as greyscale or RGB without an alpha channel."""
    grey = image.mode in ("1", "L", "LA")
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        raise UserError(
            f"{name}: expected a greyscale or RGB picture, received mode {image.mode}; save it as RGB"
        )
    changes = {"P": [PALETTE], "1": [BILEVEL]}.get(image.mode, [])
    plain = image
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        plain = image.convert("RGBA")
        if plain.getchannel("A").getextrema() != (255, 255):
            raise UserError(
                f"{name}: expected an opaque picture, received transparent pixels; "
                "put all pictures on the same background and save them without an alpha channel"
            )
        changes = [*changes, OPAQUE]
    return Picture(np.asarray(plain.convert("L" if grey else "RGB")), changes)


def _small(received: str) -> str:
    return f"expected at most {PIXELS} pixels, received {received}; save all pictures in a smaller size"


def _described(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} pixels in {'RGB' if len(shape) == 3 else 'greyscale'}"
