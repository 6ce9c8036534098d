"""Folders with four IDX files, by the names that data sets and their copies give them."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from pipeline.datasets.own import parts
from tests.own_data import IDX, NAME, as_idx, check_good, good, refusal, save, write

CONTENT = {IDX[name]: as_idx(array) for name, array in good().items()}
FOUR = ", ".join(IDX.values())


def named(change: Callable[[str], str]) -> dict[str, bytes]:
    """The four files by other names."""
    return {change(name): content for name, content in CONTENT.items()}


NAMES: dict[str, Callable[[str], str]] = {
    "mnist": lambda name: name,
    "emnist": lambda name: f"emnist-letters-{name.replace('t10k', 'test')}",
    "qmnist": lambda name: f"qmnist-{name.replace('t10k', 'test')}",
    "a dot for a dash": lambda name: name.replace("-idx", ".idx"),
    "underscores": lambda name: name.replace("-", "_"),
    "capital letters": str.upper,
    "without ubyte": lambda name: name.removesuffix("-ubyte"),
    "kaggle's folders": lambda name: f"{name}/{name}",
    "kaggle's folders with a dot": lambda name: f"{name}/{name.replace('-idx', '.idx')}",
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_any_common_name(tmp_path: Path, kind: str, suffix: str) -> None:
    files = named(lambda name: NAMES[kind](name) + suffix)
    if suffix:
        files = {name: gzip.compress(content) for name, content in files.items()}
    images, notes = own.read(write(tmp_path, files), NAME)
    check_good(images)
    assert notes == ()


@pytest.mark.parametrize("packed", [("train_images", "test_labels"), tuple(IDX)])
def test_some_files_gzipped(tmp_path: Path, packed: tuple[str, ...]) -> None:
    zipped = {f"{IDX[name]}.gz": gzip.compress(CONTENT[IDX[name]]) for name in packed}
    plain = {IDX[name]: CONTENT[IDX[name]] for name in IDX if name not in packed}
    check_good(own.read(write(tmp_path, zipped | plain), NAME).images)


def test_the_bytes_tell_what_is_gzipped_and_not_the_name(tmp_path: Path) -> None:
    """Of a public report: files that were gzipped, and had lost the end of their names."""
    write(tmp_path / "plain", {name: gzip.compress(content) for name, content in CONTENT.items()})
    check_good(own.read(tmp_path / "plain", NAME).images)
    write(tmp_path / "gz", {f"{name}.gz": content for name, content in CONTENT.items()})
    check_good(own.read(tmp_path / "gz", NAME).images)


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    """As a copy on Kaggle has them: beside each file a folder of its name with the same file."""
    files = named(NAMES["a dot for a dash"]) | named(NAMES["kaggle's folders"])
    files |= {f"{name}.gz": gzip.compress(content) for name, content in CONTENT.items()}
    check_good(own.read(write(tmp_path, files), NAME).images)


def test_two_files_that_differ_are_named(tmp_path: Path) -> None:
    other = as_idx(good()["train_labels"][::-1])
    write(tmp_path, CONTENT | {"train-labels.idx1-ubyte": other})
    assert refusal(tmp_path) == (
        "train-labels.idx1-ubyte: expected the content of train-labels-idx1-ubyte, received another; "
        "remove the file that is wrong"
    )


def test_two_sets_are_refused(tmp_path: Path) -> None:
    files = named(NAMES["emnist"]) | named(lambda name: f"emnist-digits-{name}") | CONTENT
    assert refusal(write(tmp_path, files)) == (
        "expected one set of four IDX files, received 3: emnist-digits, emnist-letters, train and t10k; "
        "put one set into a folder of its own"
    )


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        CONTENT
        | {"emnist-letters-mapping.txt": b"1 65 97", "README.md": b"-", f"._{IDX['test_labels']}": b"-"},
    )
    check_good(own.read(tmp_path, NAME).images)


def test_letters_are_counted_from_0_and_that_is_said(tmp_path: Path) -> None:
    letters = good(train_labels=np.arange(1, 27), train_images=np.full((26, 3, 2), 9, np.uint8))
    letters["test_labels"] = np.array([1, 26, 5, 5, 9])
    files = {f"emnist-letters-{IDX[name]}": as_idx(array) for name, array in letters.items()}
    images, notes = own.read(write(tmp_path, files), NAME)
    assert images.train_labels.tolist() == list(range(26))
    assert sorted(images.test_labels.tolist()) == [0, 4, 4, 8, 25]
    assert notes == ("the labels 1 to 26 are counted from 0",)


def test_colour_images_have_four_axes(tmp_path: Path) -> None:
    colour = good(train_images=np.full((7, 3, 2, 3), 9), test_images=np.full((5, 3, 2, 3), 8))
    files = {IDX[name].replace("idx3", "idx4"): as_idx(array) for name, array in colour.items()}
    assert own.read(write(tmp_path, files), NAME).images.train_images.shape == (7, 3, 2, 3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, {IDX["train_images"]: CONTENT[IDX["train_images"]]})
    assert refusal(tmp_path) == (
        f"expected the four IDX files {FOUR} (plain or .gz), or the same with another beginning, "
        f"received a folder without {IDX['train_labels']}, {IDX['test_images']}, {IDX['test_labels']}; "
        "add what is missing"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_idx(good()["train_images"])[:-1],
         "expected 42 bytes for shape (7, 3, 2), received 41 (truncated); download or unpack the file again"),
        (b"", "expected an IDX magic number (0x00000803 for images, 0x00000801 for labels), "
              "received an empty file; download or unpack the file again"),
        (as_idx(np.zeros(7)), "expected images (N, height, width) or (N, height, width, channels), "
                              "received shape (7,); save the images with their height and width"),
    ],
    ids=["truncated", "empty", "labels in its place"],
)  # fmt: skip
def test_a_faulty_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(write(tmp_path, CONTENT | {IDX["train_images"]: content})) == (
        f"{IDX['train_images']}: {message}"
    )


def test_a_gzip_file_that_breaks_off_is_one_line(tmp_path: Path) -> None:
    files = {f"{name}.gz": gzip.compress(content) for name, content in CONTENT.items()}
    broken = f"{IDX['test_labels']}.gz"
    write(tmp_path, files | {broken: files[broken][:-9]})
    line = refusal(tmp_path)
    assert line.startswith(
        f"{broken}: expected an IDX file, plain or gzipped, received what cannot be read (EOFError: "
    )
    assert line.endswith("); copy or save it again")


def test_a_file_in_a_folder_is_named_with_it(tmp_path: Path) -> None:
    files = named(NAMES["kaggle's folders"])
    place = f"{IDX['test_labels']}/{IDX['test_labels']}"
    write(tmp_path, files | {place: b"\0\0\x0d\x01"})
    assert refusal(tmp_path).startswith(f"{place}: expected element type 0x08 (unsigned byte), received 0x0d")


def test_what_would_not_fit_into_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LIMIT", 10**6)
    bomb = gzip.compress(bytes(2 * 10**6))
    assert len(bomb) < 10**4
    write(tmp_path, CONTENT | {IDX["test_images"]: bomb})
    line = refusal(tmp_path)
    assert line.startswith(f"{IDX['test_images']}: expected at most ")
    assert line.endswith("GiB unpacked, received more; take fewer or smaller images")


def test_an_archive_in_a_folder_is_pointed_at(tmp_path: Path) -> None:
    save(tmp_path, good())
    assert refusal(tmp_path) == (
        "expected an .npz file, a folder with the four IDX files of MNIST, or a folder with a folder of PNG "
        "or JPEG files for each class, received a folder with none of them; name the file mine.npz itself"
    )
