"""The user's data in the form that the study needs: uint8, classes from 0, a test set in random order."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.datasets import own
from tests.own_data import NAME, check_good, good, pairs, refusal, save, twice

# ---- images ----


@given(images=arrays.arrays(np.float32, (4, 2, 3), elements=st.floats(0, 1, width=32)))
def test_floats_become_the_nearest_of_256_levels(
    tmp_path_factory: pytest.TempPathFactory, images: np.ndarray
) -> None:
    assume(images.max() > 0.006)  # nearly black ones are refused
    path = save(tmp_path_factory.mktemp("own"), twice(images, np.array([0, 1, 0, 1])))
    read_back, notes = own.read(path, NAME)
    levels = read_back.train_images
    assert levels.dtype == np.uint8
    # To half a level, and what rounding in single precision adds.
    assert np.abs(levels / 255.0 - images.astype(np.float64)).max() <= 0.5 / 255 + 1e-6
    assert notes == ()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_grey_levels_as_floats_come_back(tmp_path: Path, kind: Any) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(2, 16, 8)
    as_floats = (levels / 255.0).astype(kind)
    path = save(tmp_path, twice(as_floats, np.array([0, 1])))
    assert np.array_equal(own.read(path, NAME).images.train_images, levels)


def test_colour_images_of_any_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (count, 5, 9, 3), np.uint8) for count in (7, 5))
    images, notes = own.read(save(tmp_path, good(train_images=train, test_images=test)), NAME)
    assert np.array_equal(images.train_images, train)
    assert images.test_images.shape == test.shape
    assert notes == ()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_that_stand_first_are_moved_behind(tmp_path: Path, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, channels, 7, 5), np.uint8)
    read_back, notes = own.read(save(tmp_path, twice(images, np.arange(6) % 3)), NAME)
    expected = [
        [[[image[c, y, x] for c in range(channels)] for x in range(5)] for y in range(7)] for image in images
    ]
    assert np.array_equal(np.squeeze(read_back.train_images), np.squeeze(np.array(expected)))
    said = "(N, channels, height, width) is read as (N, height, width, channels)"
    assert notes == (f"train_images, test_images: {said}",)


@pytest.mark.parametrize("shape", [(6, 3, 7, 3), (6, 3, 3, 3), (6, 5, 7, 5), (6, 2, 7, 5)])
def test_what_may_be_a_height_stays_one(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    read_back, notes = own.read(save(tmp_path, twice(images, np.arange(6) % 3)), NAME)
    assert read_back.train_images.shape == shape
    assert notes == ()


@pytest.mark.parametrize("beyond", [1e-7, 9e-4])
def test_floats_just_beyond_the_range_are_cut(tmp_path: Path, beyond: float) -> None:
    images = np.array([[[0.0, 0.5]], [[1 + beyond, -beyond / 2]]])
    read_back, notes = own.read(save(tmp_path, twice(images, np.array([0, 1]))), NAME)
    assert read_back.train_images.ravel().tolist() == [0, 128, 255, 0]
    (note,) = notes
    said = f"values beyond [0, 1], by {beyond:.0e} at most, are cut to 0 or 1".replace("9e-04", "0.0009")
    assert note == f"train_images, test_images: {said}"


def test_what_lies_just_above_one_in_one_array_is_cut_in_that_alone(tmp_path: Path) -> None:
    """Of a public report: single precision gave 1.0000001, and dividing by the largest was the advice."""
    rng = np.random.default_rng(0)
    train = rng.random((60, 8, 8)).astype(np.float32)
    train[3, 2, 1] = np.nextafter(np.float32(1), np.float32(2))
    test = rng.integers(0, 256, (30, 8, 8)).astype(np.uint8)
    labels = {"train_labels": np.arange(60) % 3, "test_labels": np.arange(30) % 3}
    path = save(tmp_path, {"train_images": train, "test_images": test, **labels})
    images, notes = own.read(path, NAME)
    assert images.train_images[3, 2, 1] == 255
    assert np.abs(images.train_images - 255 * train.astype(float)).max() <= 0.5 + 1e-4
    assert sorted(images.test_images.tolist()) == sorted(test.tolist())
    assert notes == ("train_images: values beyond [0, 1], by 1e-07 at most, are cut to 0 or 1",)


def test_booleans_are_0_and_255(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((6, 3, 2)) < 0.5
    read_back, notes = own.read(save(tmp_path, twice(images, np.arange(6) % 3)), NAME)
    assert np.array_equal(read_back.train_images, images * 255)
    assert read_back.test_images.dtype == read_back.train_images.dtype == np.uint8
    assert notes == ("train_images, test_images: False and True are read as 0 and 255",)


@pytest.mark.parametrize("kind", ["int16", "int64", "uint16", ">i4"])
def test_grey_levels_of_another_integer_type(tmp_path: Path, kind: str) -> None:
    levels = np.arange(256).reshape(2, 16, 8).astype(kind)
    images, notes = own.read(save(tmp_path, good(**twice(levels, np.array([0, 1])))), NAME)
    assert images.train_images.dtype == np.uint8
    assert images.train_images.ravel().tolist() == list(range(256))
    assert notes == (f"train_images, test_images: the whole numbers of {np.dtype(kind)} are read as uint8",)


# ---- labels ----


@pytest.mark.parametrize(("classes", "kind"), [(2, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_any_number_of_classes(tmp_path: Path, classes: int, kind: Any) -> None:
    labels = np.arange(classes, dtype=np.int64)[::-1]
    images = np.full((classes, 1, 1), 9, np.uint8)
    read_back, notes = own.read(save(tmp_path, twice(images, labels)), NAME)
    assert read_back.train_labels.dtype == read_back.test_labels.dtype == kind
    assert read_back.train_labels.tolist() == list(range(classes))[::-1]
    assert notes == ()


LABELS = {
    "from 1": ([1, 2, 3], "the labels 1 to 3 are counted from 0"),
    "below 0": ([-1, 0, 1], "the labels -1 to 1 are counted from 0"),
    "with gaps": ([0, 4, 10**15], f"the labels 0, 4, {10**15} are counted from 0"),
    "with gaps, from -9": ([-9, -1, 9], "the labels -9, -1, 9 are counted from 0"),
}


@pytest.mark.parametrize("name", LABELS)
def test_any_integers_are_counted_from_0(tmp_path: Path, name: str) -> None:
    values, note = LABELS[name]
    changed = {key: np.array(values)[good()[key]] for key in ("train_labels", "test_labels")}
    images, notes = own.read(save(tmp_path, good(**changed)), NAME)
    check_good(images)
    assert notes == (note,)


def test_many_labels_with_gaps_are_not_all_said(tmp_path: Path) -> None:
    images = np.full((20, 1, 1), 9, np.uint8)
    read_back, notes = own.read(save(tmp_path, twice(images, np.arange(20) * 3 + 1)), NAME)
    assert read_back.train_labels.tolist() == list(range(20))
    assert notes == ("the labels 1 to 58 with gaps, 20 classes, are counted from 0",)


@pytest.mark.parametrize("kind", [np.int8, np.uint64, ">i2"])
def test_labels_of_any_integer_type(tmp_path: Path, kind: Any) -> None:
    images, notes = own.read(save(tmp_path, good(train_labels=good()["train_labels"].astype(kind))), NAME)
    check_good(images)
    assert notes == ()


def test_labels_in_a_column(tmp_path: Path) -> None:
    columns = {key: good()[key][:, None] for key in ("train_labels", "test_labels")}
    images, notes = own.read(save(tmp_path, good(**columns)), NAME)
    check_good(images)
    assert notes == ("train_labels, test_labels: labels (N, 1) are read as (N,)",)


def test_booleans_are_two_classes(tmp_path: Path) -> None:
    labels = np.array([True, False, True])
    images, notes = own.read(save(tmp_path, twice(np.full((3, 1, 1), 9, np.uint8), labels)), NAME)
    assert images.train_labels.tolist() == [1, 0, 1]
    assert notes == ("train_labels, test_labels: False and True are the classes 0 and 1",)


def test_test_images_may_lack_a_class(tmp_path: Path) -> None:
    labels = {"train_labels": good()["train_labels"] + 5, "test_labels": np.full(5, 7)}
    images, _ = own.read(save(tmp_path, good(**labels)), NAME)
    assert images.test_labels.tolist() == [2] * 5


# ---- the test set ----


def test_the_test_images_are_in_a_random_order_that_stays(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(4), 50)
    images = np.arange(200, dtype=np.uint8).reshape(200, 1, 1)
    path = save(tmp_path, twice(images, labels))
    read_back = own.read(path, NAME).images
    assert read_back.train_labels.tolist() == labels.tolist()
    assert len(set(read_back.test_labels[:20].tolist())) == 4  # of the sorted ones it would be one
    assert (read_back.test_labels == read_back.test_images.ravel() // 50).all()
    assert np.array_equal(own.read(path, NAME).images.test_images, read_back.test_images)


def test_a_test_set_is_drawn_where_none_is_given(tmp_path: Path) -> None:
    """Of 100, 40, 12, 7 and 1 images, a fifth is 20, 8, 2, 1 and none."""
    sizes = [100, 40, 12, 7, 1]
    labels = np.repeat(np.arange(5), sizes)
    images = np.arange(160, dtype=np.uint8).reshape(160, 1, 1)
    path = save(tmp_path, {"images": images, "labels": labels})
    read_back, notes = own.read(path, NAME)
    assert Counter(read_back.test_labels.tolist()) == {0: 20, 1: 8, 2: 2, 3: 1}
    assert Counter(read_back.train_labels.tolist()) == {0: 80, 1: 32, 2: 10, 3: 6, 4: 1}
    joined = pairs(read_back.train_images, read_back.train_labels)
    joined += pairs(read_back.test_images, read_back.test_labels)
    assert sorted(joined) == pairs(images, labels)  # each image once, with its label
    tested = np.sort(read_back.test_images.ravel()[read_back.test_labels == 0])
    assert tested.tolist() != list(range(20))
    assert tested.max() > 60  # at random: not the first of their class
    assert np.array_equal(own.read(path, NAME).images.test_images, read_back.test_images)
    assert notes == (
        "no test set is given: a fifth of the images of each class (31 of 160), drawn at random with a "
        "fixed seed, is tested on and not trained on",
    )


def test_too_few_images_to_draw_a_test_set(tmp_path: Path) -> None:
    images = {"images": np.full((4, 1, 1), 9, np.uint8), "labels": np.array([0, 0, 1, 1])}
    assert refusal(save(tmp_path, images)) == (
        "expected a test set, or at least 3 images of a class to draw one from, "
        "received 2 at most; add images"
    )


# ---- notes ----


def test_a_note_is_one_printable_line(tmp_path: Path) -> None:
    notes = own.read(save(tmp_path, good(**{"\x1b[2J\n": np.zeros(3)})), NAME).notes
    assert notes == ("arrays that are not read:  [2J ",)
