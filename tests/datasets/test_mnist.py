"""MNIST is the right bytes, from whichever source, or one clear line.

All but the last tests work on a miniature MNIST with checksums of its own.
"""

import gzip
import hashlib
import io
import logging
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.datasets import mnist as mnist_module
from pipeline.datasets.mnist import Images, obtain
from pipeline.system.errors import UserError

Files = dict[str, bytes]

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


@pytest.fixture
def miniature(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of checksums is that of the miniature."""
    table = {name: sha256(content) for name, content in FILES.items()}
    monkeypatch.setattr(mnist_module, "SHA256", table)


def write(folder: Path, files: Files) -> Path:
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


def assert_miniature(images: Images) -> None:
    assert np.array_equal(images.train_images, PIXELS["x_train"])
    assert np.array_equal(images.train_labels, PIXELS["y_train"])
    assert np.array_equal(images.test_images, PIXELS["x_test"])
    assert np.array_equal(images.test_labels, PIXELS["y_test"])


def never() -> Files:
    raise AssertionError("this source must not be asked")


# ---- a directory that the user names ----


LOCAL_LAYOUTS = {
    "plain": FILES,
    "gz": {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()},
    "mixed": {f"{LAST}.gz": gzip.compress(FILES[LAST])}
    | {name: content for name, content in FILES.items() if name != LAST},
    "npz": {"mnist.npz": npz(**PIXELS)},
    "npz beside half a set": {"mnist.npz": npz(**PIXELS), LAST: FILES[LAST]},
}


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize("layout", LOCAL_LAYOUTS)
def test_a_named_directory_is_used_and_nothing_else_touched(tmp_path: Path, layout: str) -> None:
    local = write(tmp_path / "mine", LOCAL_LAYOUTS[layout])
    assert_miniature(obtain(tmp_path / "download", local, remotes={"remote": never}))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


GZ_BROKEN_OFF = {f"{n}.gz": gzip.compress(c)[: -9 if n == LAST else None] for n, c in FILES.items()}


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a directory with the four IDX files, received a path where nothing is"),
        ({}, "expected the four IDX files (plain or .gz) or mnist.npz, received a directory "
             f"without {', '.join(FILES)}"),
        ({n: c for n, c in FILES.items() if n != LAST}, f"received a directory without {LAST};"),
        (CORRUPT, WRONG_DIGEST),
        (GZ_BROKEN_OFF, f"cannot read {LAST}.gz: EOFError"),
        ({"mnist.npz": b"<html>"}, "cannot read mnist.npz: BadZipFile"),
    ],
    ids=["absent", "empty", "incomplete", "corrupt", "gz broken off", "no archive"],
)  # fmt: skip
def test_a_wrong_named_directory_is_an_error_at_once(
    tmp_path: Path, content: Files | None, message: str
) -> None:
    local = tmp_path / "mine"
    if content is not None:
        write(local, content)
    right = write(tmp_path / "download", FILES)
    with pytest.raises(UserError) as refused:
        obtain(right, local, remotes={"remote": never})
    text = str(refused.value)
    assert text.startswith(f"MNIST_DIR={local}: ")
    assert message in text
    assert text.endswith("; put MNIST there or unset MNIST_DIR")


def test_a_named_file_is_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").write_bytes(npz(**PIXELS))
    with pytest.raises(UserError, match=r"expected a directory .*, received a file"):
        obtain(tmp_path / "download", tmp_path / "mnist.npz", remotes={})


# ---- an earlier download ----


@pytest.mark.usefixtures("miniature")
def test_a_right_download_is_not_fetched_again(tmp_path: Path) -> None:
    download = write(tmp_path / "download", FILES)
    before = {path: path.stat().st_mtime_ns for path in download.iterdir()}
    assert_miniature(obtain(download, remotes={"remote": never}))
    assert {path: path.stat().st_mtime_ns for path in download.iterdir()} == before


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize(
    "earlier",
    [{}, CORRUPT, {LAST: FILES[LAST]}, {**FILES, LAST: b""}],
    ids=["empty", "corrupt", "incomplete", "truncated"],
)
def test_a_wrong_download_is_fetched_again(tmp_path: Path, earlier: Files) -> None:
    download = write(tmp_path / "download", earlier)
    assert_miniature(obtain(download, remotes={"remote": lambda: FILES}))
    assert read(download) == FILES


@pytest.mark.usefixtures("miniature")
def test_a_fetched_set_is_kept_for_the_next_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="pipeline.datasets.mnist")
    download = tmp_path / "not" / "yet" / "there"
    assert_miniature(obtain(download, remotes={"remote": lambda: FILES}))
    assert read(download) == FILES
    assert_miniature(obtain(download, remotes={"remote": never}))
    assert caplog.messages == [
        "MNIST taken from remote",
        f"MNIST taken from earlier download {download}",
    ]


@pytest.mark.usefixtures("miniature")
def test_a_reader_of_the_old_file_never_sees_a_part_of_the_new(tmp_path: Path) -> None:
    download = write(tmp_path / "download", CORRUPT)
    with (download / LAST).open("rb") as reader:
        obtain(download, remotes={"remote": lambda: FILES})
        assert reader.read() == CORRUPT[LAST]


@pytest.mark.usefixtures("miniature")
def test_a_write_that_breaks_off_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def disk_full(path: Path, content: bytes) -> int:
        real(path, content[:10])
        if LAST in path.name:
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    download = tmp_path / "download"
    with pytest.raises(UserError, match=r"cannot be kept in .*download: .*No space left"):
        obtain(download, remotes={"remote": lambda: FILES})
    assert read(download) == {name: FILES[name] for name in FILES if name != LAST}


# ---- remotes in order, and what is said when all fail ----


@pytest.mark.usefixtures("miniature")
def test_the_first_remote_with_the_right_bytes_is_used(tmp_path: Path) -> None:
    def absent() -> Files:
        raise UserError("no network")

    remotes = {"first": absent, "second": lambda: CORRUPT, "third": lambda: FILES, "last": never}
    assert_miniature(obtain(tmp_path / "download", remotes=remotes))
    assert read(tmp_path / "download") == FILES


@pytest.mark.usefixtures("miniature")
def test_when_all_fail_one_line_says_why_and_what_to_do(tmp_path: Path) -> None:
    def absent() -> Files:
        raise UserError("no network\n  at all")

    download = tmp_path / "download"
    with pytest.raises(UserError) as failed:
        obtain(download, remotes={"first": absent, "second": lambda: CORRUPT})
    assert str(failed.value) == (
        f"MNIST could not be obtained: earlier download {download}: expected a directory with the "
        "four IDX files, received a path where nothing is; first: no network at all; "
        f"second: {WRONG_DIGEST}; "
        "to use a copy of your own, set MNIST_DIR=/path/to/idx/files"
    )
    assert not download.exists()


# ---- the real thing ----


DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def test_the_table_holds_the_published_digests() -> None:
    assert mnist_module.SHA256 == DIGESTS


def test_the_real_images_have_the_published_digests(mnist: Images) -> None:
    headers = {
        "train-images-idx3-ubyte": (mnist.train_images, (0x803, 60_000, 28, 28)),
        "train-labels-idx1-ubyte": (mnist.train_labels, (0x801, 60_000)),
        "t10k-images-idx3-ubyte": (mnist.test_images, (0x803, 10_000, 28, 28)),
        "t10k-labels-idx1-ubyte": (mnist.test_labels, (0x801, 10_000)),
    }
    received = {
        name: sha256(struct.pack(f">{len(header)}I", *header) + array.tobytes())
        for name, (array, header) in headers.items()
    }
    assert received == DIGESTS


def test_the_real_labels_have_the_published_counts(mnist: Images) -> None:
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert Counter(mnist.train_labels.tolist()) == dict(enumerate(counts))
    assert mnist.train_images.shape == (60_000, 28, 28)
    assert mnist.train_images.dtype == mnist.train_labels.dtype == np.uint8
