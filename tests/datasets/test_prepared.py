"""The data on disk: read as written, a digest a training set, files replaced instead of written into."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split


def pictures() -> Images:
    """Images that tell their number: 12 to train on, filled with 0 to 11, and 5 to test, with 100 to 104."""
    train, test = np.arange(12, dtype=np.uint8), np.arange(100, 105, dtype=np.uint8)
    return Images(
        train_images=np.tile(train[:, None, None], (1, 3, 2)),
        train_labels=train % 4,
        test_images=np.tile(test[:, None, None], (1, 3, 2)),
        test_labels=test % 3,
    )


def drawn() -> dict[str, Split]:
    """Two training sets of three images with wrong labels, and one of four that validates on nothing."""
    return {
        "noisy": Split(
            train=np.array([[3, 0, 7], [10, 1, 4]], np.int32),
            labels=np.array([[3, 2, 3], [0, 1, 1]], np.uint8),
            validation=np.array([9, 2], np.int32),
        ),
        "blind": Split(
            train=np.array([[11, 2, 9, 5]], np.int32),
            labels=np.array([[3, 2, 1, 1]], np.uint8),
            validation=np.array([], np.int32),
        ),
    }


def digests(root: Path, images: Images, splits: dict[str, Split]) -> dict[str, list[str]]:
    prepared.write(root, {"made": (images, splits)})
    return prepared.read_digests(root)


# ---- round trip ----


def test_what_is_written_is_read(tmp_path: Path) -> None:
    prepared.write(tmp_path, {"made": (pictures(), drawn())})
    pairs = [(prepared.read_images(tmp_path, "made"), pictures())]
    pairs += [(prepared.read_split(tmp_path, name), split) for name, split in drawn().items()]  # type: ignore[misc]
    for received, expected in pairs:
        for field in fields(expected):
            array, wanted = getattr(received, field.name), getattr(expected, field.name)
            assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
            assert np.array_equal(array, wanted)


def test_notes_are_kept_beside_the_images_until_the_next_data(tmp_path: Path) -> None:
    data, counted = {"made": (pictures(), drawn())}, "the labels 1 to 4 are counted from 0"
    prepared.write(tmp_path, data, {"made": (counted,)})
    assert prepared.read_notes(tmp_path, "made") == [counted]
    assert np.array_equal(prepared.read_images(tmp_path, "made").train_images, pictures().train_images)
    prepared.write(tmp_path, data)
    assert prepared.read_notes(tmp_path, "made") == []
    assert sorted(path.suffix for path in (tmp_path / prepared.folder("made")).iterdir()) == [".npy"] * 4


def test_what_is_read_cannot_be_changed(tmp_path: Path) -> None:
    prepared.write(tmp_path, {"made": (pictures(), drawn())})
    with pytest.raises(ValueError, match="read-only"):
        prepared.read_images(tmp_path, "made").train_images[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        prepared.read_split(tmp_path, "noisy").labels[0] = 1


def test_an_unknown_setting_is_not_found(tmp_path: Path) -> None:
    prepared.write(tmp_path, {"made": (pictures(), drawn())})
    with pytest.raises(FileNotFoundError, match=r"other_train\.npy"):
        prepared.read_split(tmp_path, "other")


@pytest.mark.parametrize(("setting", "number"), [("noisy", 0), ("noisy", 1), ("blind", 0)])
def test_a_replicate_has_the_images_and_labels_of_its_training_set(
    tmp_path: Path, setting: str, number: int
) -> None:
    prepared.write(tmp_path, {"made": (pictures(), drawn())})
    split = drawn()[setting]
    data = prepared.replicate(
        prepared.read_images(tmp_path, "made"), prepared.read_split(tmp_path, setting), number
    )
    expected = split.train[number].tolist()
    assert data.train_images.shape == (len(expected), 3, 2)
    assert [set(image.ravel().tolist()) for image in data.train_images] == [{index} for index in expected]
    assert data.train_labels.tolist() == split.labels[number].tolist()  # wrong ones included
    held = split.validation.tolist()
    assert data.validation_images.shape == (len(held), 3, 2)
    assert [set(image.ravel().tolist()) for image in data.validation_images] == [{index} for index in held]
    assert data.validation_labels.tolist() == [index % 4 for index in held]  # the true ones
    assert np.array_equal(data.test_images, pictures().test_images)
    assert np.array_equal(data.test_labels, pictures().test_labels)
    assert data.classes == 4
    assert data.train_images.dtype == data.train_labels.dtype == np.uint8


# ---- digests ----


def changed(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flat[-1] += 1
    return copy


def test_equal_content_has_equal_digests(tmp_path: Path) -> None:
    expected = digests(tmp_path / "once", pictures(), drawn())
    assert {name: len(listed) for name, listed in expected.items()} == {"noisy": 2, "blind": 1}
    assert len({digest for listed in expected.values() for digest in listed}) == 3
    backwards = dict(reversed(drawn().items()))
    assert digests(tmp_path / "again", pictures(), backwards) == expected
    images = pictures()
    columns = replace(images, train_images=np.asfortranarray(images.train_images))
    assert digests(tmp_path / "in another layout", columns, drawn()) == expected


def moved(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[tuple[str, int]]:
    """The training sets, by condition and number, whose digests differ."""
    return {
        (n, i) for n, listed in before.items() for i, digest in enumerate(listed) if after[n][i] != digest
    }


EVERY = {("noisy", 0), ("noisy", 1), ("blind", 0)}


@pytest.mark.parametrize(
    ("part", "at", "concerned"),
    [
        ("train_images", 7, {("noisy", 0)}),  # in one training set alone
        ("train_images", 9, EVERY),  # validates one condition, and is trained on in the other
        ("train_images", 6, set()),  # in none
        ("train_labels", 9, {("noisy", 0), ("noisy", 1)}),  # training labels are the drawn ones
        ("test_images", 0, EVERY),
        ("test_labels", 0, EVERY),
    ],
)
def test_an_image_is_in_the_digests_of_the_runs_that_see_it(
    tmp_path: Path, part: str, at: int, concerned: set[tuple[str, int]]
) -> None:
    before, images = digests(tmp_path, pictures(), drawn()), pictures()
    array = getattr(images, part).copy()
    array[at] = array[at] + 1 if part.endswith("images") else (array[at] + 1) % 3
    after = digests(tmp_path, replace(images, **{part: array}), drawn())
    assert moved(before, after) == concerned


def test_a_class_more_is_in_every_digest(tmp_path: Path) -> None:
    before, images = digests(tmp_path, pictures(), drawn()), pictures()
    labels = images.train_labels.copy()
    labels[6] = 4  # of an image that nobody sees: the networks have an output more
    assert moved(before, digests(tmp_path, replace(images, train_labels=labels), drawn())) == EVERY


def test_a_draw_is_in_the_digest_of_its_training_set_alone(tmp_path: Path) -> None:
    before = digests(tmp_path, pictures(), drawn())
    noisy = drawn()["noisy"]
    for part, expected in (
        ("train", {("noisy", 1)}),
        ("labels", {("noisy", 1)}),
        ("validation", {("noisy", 0), ("noisy", 1)}),
    ):
        splits = drawn() | {"noisy": replace(noisy, **{part: changed(getattr(noisy, part))})}
        assert moved(before, digests(tmp_path, pictures(), splits)) == expected


def test_a_training_set_more_leaves_the_digests_of_the_others(tmp_path: Path) -> None:
    before = digests(tmp_path, pictures(), drawn())
    noisy = drawn()["noisy"]
    more = Split(
        np.vstack([noisy.train, [[5, 6, 8]]]).astype(np.int32),
        np.vstack([noisy.labels, [[1, 2, 0]]]).astype(np.uint8),
        noisy.validation,
    )
    assert digests(tmp_path, pictures(), drawn() | {"noisy": more})["noisy"][:2] == before["noisy"]


def test_a_condition_more_leaves_the_digests_of_the_others(tmp_path: Path) -> None:
    before = digests(tmp_path, pictures(), drawn())
    after = digests(tmp_path, pictures(), {"first": drawn()["blind"], **drawn()})
    assert {name: after[name] for name in before} == before
    assert after["first"] == before["blind"]  # equal data, whatever the condition's name


# ---- what stood there ----


def test_files_are_replaced_and_not_written_into(tmp_path: Path) -> None:
    """DVC's cache may be hard links of the outputs: writing into one would spoil the cache."""
    prepared.write(tmp_path / "root", {"made": (pictures(), drawn())})
    outputs = sorted(path for path in (tmp_path / "root").rglob("*") if path.is_file())
    assert len(outputs) == 4 + 2 * 4 + 1
    cache = {}
    for number, path in enumerate(outputs):
        link = tmp_path / str(number)
        link.hardlink_to(path)
        cache[link] = link.read_bytes()
    splits = {
        name: Split(changed(s.train), changed(s.labels), s.validation[:1], s.distractors + 1)
        for name, s in drawn().items()
    }
    images = pictures()
    other = Images(*(changed(getattr(images, f.name)) for f in fields(images)))
    prepared.write(tmp_path / "root", {"made": (other, splits)})
    for (link, content), path in zip(cache.items(), outputs, strict=True):
        assert link.read_bytes() == content
        assert not path.samefile(link)
    received = prepared.read_images(tmp_path / "root", "made").train_images[-1]
    assert received.ravel().tolist() == [11, 11, 11, 11, 11, 12]


def test_a_setting_that_is_gone_leaves_nothing(tmp_path: Path) -> None:
    prepared.write(tmp_path, {"made": (pictures(), drawn())})
    prepared.write(tmp_path, {"made": (pictures(), {"blind": drawn()["blind"]})})
    names = sorted(path.name for path in (tmp_path / "data" / "splits").iterdir())
    parts = ("distractors", "labels", "train", "validation")
    assert names == [*(f"blind_{part}.npy" for part in parts), "digests.json"]
    assert list(json.loads((tmp_path / prepared.DIGESTS).read_text(encoding="utf-8"))) == ["blind"]


# ---- several sources ----


def test_sources_lie_apart_and_may_differ_in_shape_and_classes(tmp_path: Path) -> None:
    train = np.zeros((3, 5, 5, 3), np.uint8)
    colour = Images(train, np.array([0, 1, 0], np.uint8), train[:2], np.array([1, 0], np.uint8))
    split = Split(np.array([[2, 1]], np.int32), np.array([[0, 1]], np.uint8), np.array([0], np.int32))
    prepared.write(
        tmp_path, {"mnist": (pictures(), drawn()), "datasets/a.npz": (colour, {"coloured": split})}
    )
    assert np.array_equal(prepared.read_images(tmp_path, "mnist").test_images, pictures().test_images)
    images = prepared.read_images(tmp_path, "datasets/a.npz")
    assert images.train_images.shape == (3, 5, 5, 3)
    data = prepared.replicate(images, prepared.read_split(tmp_path, "coloured"), 0)
    assert (data.classes, data.test_labels.tolist()) == (2, [1, 0])
    assert list(prepared.read_digests(tmp_path)) == ["noisy", "blind", "coloured"]


def test_another_source_leaves_the_digests_of_the_first(tmp_path: Path) -> None:
    alone = digests(tmp_path / "alone", pictures(), drawn())
    both = {"made": (pictures(), drawn()), "other": (pictures(), {"same": drawn()["noisy"]})}
    prepared.write(tmp_path / "both", both)
    assert prepared.read_digests(tmp_path / "both") == alone | {"same": alone["noisy"]}


def test_a_source_that_is_gone_leaves_nothing(tmp_path: Path) -> None:
    prepared.write(tmp_path, {"mnist": (pictures(), {}), "datasets/a": (pictures(), {})})
    prepared.write(tmp_path, {"mnist": (pictures(), {})})
    assert [path.name for path in (tmp_path / "data" / "images").iterdir()] == ["mnist"]


@pytest.mark.parametrize("source", ["mnist", "fashion_mnist"])
def test_a_published_source_has_the_folder_of_its_name(source: str) -> None:
    assert prepared.folder(source).as_posix() == f"data/images/{source}"


PATHS = [
    "datasets/a.npz",
    "datasets/a-npz",
    "datasets/A.npz",
    "datasets/a/npz",
    "datasets/a npz",
    "datasets/mnist",
    "datasets/../../etc",
    "datasets/" + "long" * 100,
    "datasets/" + "long" * 100 + "er",
    "datasets/ü",
    "datasets/é",
    "../mnist",
    "..",
    "/etc",
    "",
    "mnist\n",
]


@pytest.mark.parametrize("source", PATHS)
def test_the_folder_of_a_path_is_a_plain_name(source: str) -> None:
    path = prepared.folder(source)
    assert path.parent.as_posix() == "data/images"
    assert re.fullmatch(r"[A-Za-z0-9-]{17,57}", path.name)
    assert path == prepared.folder(source)


def test_no_two_sources_share_a_folder() -> None:
    sources = ["mnist", "fashion_mnist", *PATHS]
    folders = {prepared.folder(source).name.lower() for source in sources}  # some file systems ignore case
    assert len(folders) == len(sources)


# ---- distractors ----


def beside(columns: int, seed: int = 3) -> tuple[Images, Split]:
    """Images that are told apart by their grey level, and a condition with columns of other images'."""
    grey = np.arange(40, dtype=np.uint8)[:, None, None]
    images = Images(
        np.tile(grey + 10, (1, 4, 6)),
        np.arange(40, dtype=np.uint8) % 4,
        np.tile(grey + 100, (1, 4, 6)),
        grey[:, 0, 0] % 4,
    )
    train = np.array([[3, 0, 7], [10, 1, 4], [20, 21, 22]], np.int32)
    return images, Split(
        train, images.train_labels[train], np.array([30, 31], np.int32), np.array([columns, seed], np.int64)
    )


@pytest.mark.parametrize("columns", [2, 6])
def test_distractors_are_columns_of_other_images(columns: int) -> None:
    images, split = beside(columns)
    data = prepared.replicate(images, split, 0)
    for shown, real in (
        (data.train_images, images.train_images[[3, 0, 7]]),
        (data.validation_images, images.train_images[[30, 31]]),
        (data.test_images, images.test_images),
    ):
        assert shown.shape == (len(real), 4, 6 + columns)
        assert np.array_equal(shown[:, :, :6], real)
        useless = shown[:, :, 6:]
        assert np.array_equal(
            useless, np.broadcast_to(useless[:, :1, :1], useless.shape)
        )  # of one image each
    assert set(data.train_images[:, 0, 6].tolist()) <= set(range(10, 50))
    assert set(data.test_images[:, 0, 6].tolist()) <= set(range(100, 140))
    own = np.arange(100, 140)
    assert (data.test_images[:, 0, 6] != own).mean() > 0.8
    assert abs(np.corrcoef(data.test_images[:, 0, 6], own)[0, 1]) < 0.5


def test_distractors_are_fixed_for_a_training_set_and_others_for_another() -> None:
    images, split = beside(6)
    first, again, second, last = (prepared.replicate(images, split, number) for number in (0, 0, 1, -1))
    assert np.array_equal(first.train_images, again.train_images)
    assert not np.array_equal(first.train_images[:, :, 6:], second.train_images[:, :, 6:])
    assert np.array_equal(first.test_images, second.test_images)
    # A set to choose on is the same whatever its number is.
    assert np.array_equal(last.train_images, prepared.replicate(images, split, 2).train_images)
    _, reseeded = beside(6, seed=4)
    assert not np.array_equal(prepared.replicate(images, reseeded, 0).train_images, first.train_images)


def test_the_digest_covers_the_distractors(tmp_path: Path) -> None:
    told = set()
    for number, (columns, seed) in enumerate(((0, 3), (2, 3), (2, 4), (6, 3))):
        images, split = beside(columns, seed)
        told.add(digests(tmp_path / str(number), images, {"made": split})["made"][0])
    assert len(told) == 4
