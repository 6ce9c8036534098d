"""A miniature of a published data set: the four files, what is in them, and how they are packed."""

import hashlib
import io
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.datasets.images import Images
from pipeline.datasets.published import Published, Source

Files = dict[str, bytes]
Members = list[tuple[tarfile.TarInfo, bytes]]

PIXELS = {
    "x_train": np.arange(30, dtype=np.uint8).reshape(5, 3, 2),
    "y_train": np.array([3, 1, 4, 1, 5], np.uint8),
    "x_test": np.arange(200, 212, dtype=np.uint8).reshape(2, 3, 2),
    "y_test": np.array([9, 2], np.uint8),
}
FILES = {
    "train-images-idx3-ubyte": struct.pack(">4I", 0x803, 5, 3, 2) + bytes(range(30)),
    "train-labels-idx1-ubyte": struct.pack(">2I", 0x801, 5) + bytes([3, 1, 4, 1, 5]),
    "t10k-images-idx3-ubyte": struct.pack(">4I", 0x803, 2, 3, 2) + bytes(range(200, 212)),
    "t10k-labels-idx1-ubyte": struct.pack(">2I", 0x801, 2) + bytes([9, 2]),
}
LAST = "t10k-labels-idx1-ubyte"
CORRUPT = {**FILES, LAST: FILES[LAST][:-1] + b"\x03"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


WRONG_DIGEST = f"{LAST}: expected sha256 {sha256(FILES[LAST])}, received {sha256(CORRUPT[LAST])}"


def published(**remotes: Source) -> Published:
    """The miniature as a published data set, with the checksums of its own files."""
    return Published(
        title="Miniature",
        variable="MINIATURE_DIR",
        sha256={name: sha256(content) for name, content in FILES.items()},
        remotes=remotes,
        archive="mini.npz",
    )


def assert_miniature(images: Images) -> None:
    assert np.array_equal(images.train_images, PIXELS["x_train"])
    assert np.array_equal(images.train_labels, PIXELS["y_train"])
    assert np.array_equal(images.test_images, PIXELS["x_test"])
    assert np.array_equal(images.test_labels, PIXELS["y_test"])


def never() -> Files:
    raise AssertionError("this source must not be asked")


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def npz(**arrays: npt.NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> Members:
    """A member of a tar archive; a link leads out of it."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    if kind != tarfile.REGTYPE:
        info.linkname = "/etc/hostname"
    return [(info, content)]


def tar(members: Members) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()
