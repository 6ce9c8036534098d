"""Archives by the names of this project, of Keras and of MedMNIST."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import own
from tests.own_data import KERAS, NAME, Arrays, check_good, good, refusal, save

ACCEPTED = (
    "the arrays train_images, train_labels, test_images, test_labels (and val_images, val_labels), "
    "or x_train, y_train, x_test, y_test (and x_val, y_val), or images, labels where there is no test set"
)
FORMATS = (
    "an .npz file, a folder with the four IDX files of MNIST, "
    "or a folder with a folder of PNG or JPEG files for each class"
)


@pytest.mark.parametrize("names", [{name: name for name in KERAS}, KERAS], ids=["ours", "keras"])
@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_an_archive_by_either_names(
    tmp_path: Path, names: dict[str, str], write: Callable[..., None]
) -> None:
    path = tmp_path / "mine.npz"
    write(path, **{names[name]: array for name, array in good().items()}, other=np.zeros(3))
    images, notes = own.read(path, NAME)
    check_good(images)
    assert notes == ("arrays that are not read: other",)


def with_validation(**names: str) -> Arrays:
    """`good()` as MedMNIST has it: two of the seven training images validate, and labels are a column."""
    arrays = good()
    arrays["val_images"], arrays["train_images"] = arrays["train_images"][5:], arrays["train_images"][:5]
    arrays["val_labels"], arrays["train_labels"] = arrays["train_labels"][5:], arrays["train_labels"][:5]
    columns = {name: array[:, None] for name, array in arrays.items() if name.endswith("labels")}
    return {names.get(name, name): array for name, array in (arrays | columns).items()}


def test_the_validation_images_of_medmnist_are_trained_on(tmp_path: Path) -> None:
    images, notes = own.read(save(tmp_path, with_validation()), NAME)
    check_good(images)
    assert notes == (
        "train_labels, val_labels, test_labels: labels (N, 1) are read as (N,)",
        "the validation images (2 of val_images) are put with the training images",
    )


def test_validation_images_by_keras_names(tmp_path: Path) -> None:
    names = KERAS | {"val_images": "x_val", "val_labels": "y_val"}
    images, notes = own.read(save(tmp_path, with_validation(**names)), NAME)
    check_good(images)
    assert notes[-1] == "the validation images (2 of x_val) are put with the training images"


def test_a_class_may_have_validation_images_alone(tmp_path: Path) -> None:
    arrays = with_validation()
    arrays["val_labels"][:] = 3
    images, _ = own.read(save(tmp_path, arrays), NAME)
    assert images.train_labels.tolist() == [0, 0, 1, 1, 2, 3, 3]


def test_validation_images_of_another_size_are_named(tmp_path: Path) -> None:
    line = refusal(save(tmp_path, with_validation() | {"val_images": np.full((2, 2, 3), 9, np.uint8)}))
    assert line.startswith("val_images: expected images of (3, 2) like train_images, received (2, 3)")


@pytest.mark.parametrize(
    "names", [("train_images", "train_labels"), ("x_train", "y_train"), ("images", "labels"), ("x", "y")]
)
def test_without_test_images_some_are_drawn(tmp_path: Path, names: tuple[str, str]) -> None:
    content = (np.arange(10, dtype=np.uint8).reshape(10, 1, 1), np.arange(10) % 2)
    images, notes = own.read(save(tmp_path, dict(zip(names, content, strict=True))), NAME)
    assert images.train_labels.tolist().count(0) == images.train_labels.tolist().count(1) == 4
    assert (images.test_images.ravel() % 2 == images.test_labels).all()
    (note,) = notes
    assert note.startswith("no test set is given: a fifth of the images of each class (2 of 10)")


@pytest.mark.parametrize(
    "names",
    [
        ("train_images", "y_train"),
        ("train_images", "train_labels", "test_images"),
        ("train_images", "train_labels", "Xtest", "Ytest"),
        ("images", "labels", "images_test"),
        ("arr_0", "arr_1", "arr_2", "arr_3"),
    ],
)
def test_other_names_are_answered_with_those_that_are_taken(tmp_path: Path, names: tuple[str, ...]) -> None:
    line = refusal(save(tmp_path, {name: np.zeros(3) for name in names}))
    assert line == f"expected {ACCEPTED}, received {', '.join(names)}; rename them in np.savez"


def test_of_many_names_the_first_are_said(tmp_path: Path) -> None:
    line = refusal(save(tmp_path, {f"a{number}": np.zeros(1) for number in range(40)}))
    assert "received a0, a1, a2, a3, a4, a5, a6, a7 and 32 more; rename" in line


@pytest.mark.parametrize("there", [False, True])
def test_what_is_no_archive_is_one_line(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "mine.npz"
    if there:
        np.save(path.with_suffix(".npy"), np.zeros(3))
        path.with_suffix(".npy").rename(path)
    kind, path_alone = (
        "another kind of file; save arrays with np.savez",
        "a path where nothing is; check the path",
    )
    assert refusal(path) == f"expected {FORMATS}, received {kind if there else path_alone}"


def test_a_member_that_is_no_array_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        for name in good():
            archive.writestr(f"{name}.npy", b"no array")
    assert refusal(tmp_path / "mine.npz") == (
        "train_images: expected an array as numpy saves it, received other bytes; save it with np.savez"
    )


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, **good())
    content = stream.getvalue()
    place = content.index(good()["train_images"].tobytes())
    (tmp_path / "mine.npz").write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    line = refusal(tmp_path / "mine.npz")
    assert line.startswith(
        "train_images: expected an array as numpy saves it, received what cannot be read (BadZipFile: "
    )
    assert line.endswith("; copy or save it again")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_not_unpacked(tmp_path: Path, method: int) -> None:
    stream = io.BytesIO()
    np.savez(stream, **good())
    with (
        zipfile.ZipFile(stream) as source,
        zipfile.ZipFile(tmp_path / "mine.npz", "w", compression=method) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert refusal(tmp_path / "mine.npz") == (
        "train_images: expected an array as numpy saves it, received another compression; "
        "save it with np.savez_compressed"
    )


def test_the_names_in_a_file_do_not_move_the_cursor(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        archive.writestr("\x1b[2J\n.npy", b"")
    assert refusal(tmp_path / "mine.npz").endswith("received  [2J ; rename them in np.savez")
