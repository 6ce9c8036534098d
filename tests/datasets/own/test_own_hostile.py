"""Corrupted and truncated files of every kind are read, or refused in one line."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from pipeline.system.errors import UserError
from tests import spoilt
from tests.own_data import IDX, NAME, as_idx, as_picture, good, write

TRIES = 150


def archive(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, **good())
    return stream.getvalue()


def pictures(kind: str, mode: str) -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    files = {
        f"{part}/{name}/0.{kind}": as_picture(noise[place], mode, kind)
        for place, (part, name) in enumerate((part, name) for part in ("train", "test") for name in "ab")
    }
    return {"train/a/x.png": as_picture(noise[8], mode, kind)} | files


IDX_FILES = {IDX[name]: as_idx(array) for name, array in good().items()}
# The files of each kind; the first is spoilt.
KINDS: dict[str, dict[str, bytes]] = {
    "npz": {"mine.npz": archive(np.savez)},
    "compressed npz": {"mine.npz": archive(np.savez_compressed)},
    "IDX": IDX_FILES,
    "gzipped IDX": {name: gzip.compress(content) for name, content in IDX_FILES.items()},
    "PNG": pictures("png", "RGB"),
    "palette PNG": pictures("png", "P"),
    "grey and alpha PNG": pictures("png", "LA"),
    "JPEG": pictures("jpeg", "RGB"),
    "grey JPEG": pictures("jpeg", "L"),
}


def read_or_refused(path: Path) -> bool:
    """Whether the data were read; a refusal is one printable line."""
    try:
        images, _ = own.read(path, NAME)
    except UserError as error:
        line = str(error)
        if not (line.isprintable() and line.startswith(f"{NAME}: ") and len(line) < 800):
            pytest.fail(line)
        return False
    assert images.train_images.dtype == np.uint8
    assert len(images.train_images) == len(images.train_labels)
    return True


@pytest.mark.parametrize("spoil", spoilt.WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_spoilt_file_is_read_or_refused(
    tmp_path: Path, kind: str, spoil: Callable[[bytes, np.random.Generator], bytes]
) -> None:
    files = KINDS[kind]
    name, content = next(iter(files.items()))
    write(tmp_path, files)
    path = tmp_path / name if name.endswith(".npz") else tmp_path
    assert read_or_refused(path)
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(TRIES):
        (tmp_path / name).write_bytes(spoil(content, rng))
        outcomes.append(read_or_refused(path))
    assert not all(outcomes)
    if spoil is spoilt.cut and kind not in ("JPEG", "grey JPEG"):
        assert sum(outcomes) <= TRIES * 0.25  # only what follows the data may be missing


@pytest.mark.parametrize("kind", ["npz", "idx", "png"])
def test_noise_is_refused(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    beginnings = {
        "npz": (b"", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY"),
        "idx": (b"", b"\0\0\x08\x03", b"\x1f\x8b", b"\x1f\x8b\x08\x00"),
        "png": (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"),
    }[kind]
    files = {"npz": {"mine.npz": b""}, "idx": IDX_FILES, "png": pictures("png", "RGB")}[kind]
    write(tmp_path, files)
    name = next(iter(files))
    for beginning in beginnings:
        for _ in range(25):
            (tmp_path / name).write_bytes(beginning + rng.bytes(int(rng.integers(200))))
            assert not read_or_refused(tmp_path / name if kind == "npz" else tmp_path)


def test_a_header_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    """An array of a tebibyte, as an .npy header of a few bytes declares it."""
    content = archive(np.savez)
    header = b"'shape': (7, 3, 2), }" + b" " * 8
    promised = b"'shape': (7, 3, 52358893568), }"[: len(header)].ljust(len(header))
    assert content.count(header) == 1
    (tmp_path / "mine.npz").write_bytes(content.replace(header, promised))
    assert not read_or_refused(tmp_path / "mine.npz")
