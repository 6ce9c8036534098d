"""Data of one's own: what is accepted, and in which shape it arrives."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.datasets import own
from tests.own_data import IDX, KERAS, NAME, Arrays, as_idx, good, twice


def save(folder: Path, given_arrays: Arrays) -> Path:
    np.savez(folder / "mine.npz", **given_arrays)
    return folder / "mine.npz"


def pairs(images: np.ndarray, labels: np.ndarray) -> list[tuple[list[Any], int]]:
    """The images with their labels, whatever their order."""
    return sorted(zip(images.tolist(), labels.tolist(), strict=True))


def check_good(images: Any) -> None:
    """All of `good()` is there; the training images in their order."""
    assert np.array_equal(images.train_images, good()["train_images"])
    assert np.array_equal(images.train_labels, good()["train_labels"])
    expected = pairs(good()["test_images"], good()["test_labels"])
    assert pairs(images.test_images, images.test_labels) == expected
    for array in (images.train_images, images.train_labels, images.test_images, images.test_labels):
        assert array.dtype == np.uint8


@pytest.mark.parametrize("names", [{name: name for name in KERAS}, KERAS], ids=["ours", "keras"])
@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_an_archive_by_either_names(
    tmp_path: Path, names: dict[str, str], write: Callable[..., None]
) -> None:
    path = tmp_path / "mine.npz"
    write(path, **{names[name]: array for name, array in good().items()}, other=np.zeros(3))
    check_good(own.read(path, NAME))


@pytest.mark.parametrize("packed", [(), ("train_images", "test_labels"), tuple(IDX)])
def test_a_folder_of_idx_files_gzipped_or_not(tmp_path: Path, packed: tuple[str, ...]) -> None:
    for name, array in good().items():
        content = as_idx(array)
        if name in packed:
            (tmp_path / f"{IDX[name]}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / IDX[name]).write_bytes(content)
    check_good(own.read(tmp_path, NAME))


@given(images=arrays.arrays(np.float32, (4, 2, 3), elements=st.floats(0, 1, width=32)))
def test_floats_become_the_nearest_of_256_levels(
    tmp_path_factory: pytest.TempPathFactory, images: np.ndarray
) -> None:
    path = save(tmp_path_factory.mktemp("own"), twice(images, np.array([0, 1, 0, 1])))
    levels = own.read(path, NAME).train_images
    assert levels.dtype == np.uint8
    # To half a level, and what rounding in single precision adds.
    assert np.abs(levels / 255.0 - images.astype(np.float64)).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_grey_levels_as_floats_come_back(tmp_path: Path, kind: Any) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(2, 16, 8)
    as_floats = (levels / 255.0).astype(kind)
    path = save(tmp_path, twice(as_floats, np.array([0, 1])))
    assert np.array_equal(own.read(path, NAME).train_images, levels)


def test_colour_images_of_any_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (count, 5, 9, 3), np.uint8) for count in (7, 5))
    images = own.read(save(tmp_path, good(train_images=train, test_images=test)), NAME)
    assert np.array_equal(images.train_images, train)
    assert images.test_images.shape == test.shape


@pytest.mark.parametrize(("classes", "kind"), [(2, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_any_number_of_classes(tmp_path: Path, classes: int, kind: Any) -> None:
    labels = np.arange(classes, dtype=np.int64)[::-1]
    images = np.zeros((classes, 1, 1), np.uint8)
    path = save(tmp_path, twice(images, labels))
    read_back = own.read(path, NAME)
    assert read_back.train_labels.dtype == read_back.test_labels.dtype == kind
    assert read_back.train_labels.tolist() == list(range(classes))[::-1]


def test_the_test_images_are_in_a_random_order_that_stays(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(4), 50)
    images = np.arange(200, dtype=np.uint8).reshape(200, 1, 1)
    path = save(tmp_path, twice(images, labels))
    read_back = own.read(path, NAME)
    assert read_back.train_labels.tolist() == labels.tolist()
    assert len(set(read_back.test_labels[:20].tolist())) == 4  # of the sorted ones it would be one
    assert (read_back.test_labels == read_back.test_images.ravel() // 50).all()
    assert np.array_equal(own.read(path, NAME).test_images, read_back.test_images)
