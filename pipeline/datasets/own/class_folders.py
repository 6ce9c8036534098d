"""A folder of PNG or JPEG files, with a folder for each class."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.datasets.own import pictures
from pipeline.datasets.own.parts import FORMATS, Named, Part, Parts, decoding, listed
from pipeline.system.errors import UserError

PART = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""The names of the folders that split the images, and the part that each holds."""

SUFFIXES = (".png", ".jpg", ".jpeg")
IGNORED = ("thumbs.db", "desktop.ini", "__macosx")  # what systems leave behind, hidden files aside

Classes = Mapping[str, Sequence[Path]]  # the picture files of each class


def read(path: Path) -> Parts:
    """Read `train/<class>/*`, `test/<class>/*` in the folder `path`, or `<class>/*` alone.

    The labels number the names of the classes in their order, that of numbers if all are numbers. Pictures
    are greyscale or RGB, all alike. Hidden files are left out.

    Raises UserError for another arrangement, another file in a class, and pictures that differ in size or
    kind, are transparent, have other than 8 bits a channel, or cannot be decoded.
    """
    with decoding("the folder", "readable folders"):
        parts = {part: (folder, _classes(path, folder)) for part, folder in _folders(path).items()}
    if not parts["train"][1]:
        raise UserError(f"expected {FORMATS}, received a folder with none of them; {_instead(path)}")
    trained = {name for part, (_, classes) in parts.items() if part != "test" for name in classes}
    names = _ordered(trained)
    _check_names(path, names, parts)
    files = [file for _, classes in parts.values() for name in classes for file in classes[name]]
    pixels, changes = pictures.decode({_name(path, file): file for file in files})
    read_parts, start = {}, 0
    for part, (folder, classes) in parts.items():
        labels = np.array([names.index(name) for name, inside in classes.items() for _ in inside], np.int64)
        where = _name(path, folder) if folder != path else "the pictures"
        images = Named(where, pixels[start : start + len(labels)])
        read_parts[part] = Part(images, Named(where, labels))
        start += len(labels)
    numbered = f"the class folders {listed(names)} are the classes 0 to {len(names) - 1}, in this order"
    return Parts(**read_parts, notes=(numbered, *changes))


def _folders(path: Path) -> dict[str, Path]:
    """Return the folder of each part; train is `path` itself where there is no split."""
    folders = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not _ignored(entry)]
    parts: dict[str, Path] = {}
    for folder in folders:
        part = PART.get(folder.name.lower())
        if part in parts:
            raise UserError(
                f"{folder.name}: expected one folder for each of train, validation and test, "
                f"received {parts[part].name} too; join them"
            )
        if part:
            parts[part] = folder
    if not parts:
        return {"train": path}
    parts = {part: parts[part] for part in ("train", "validation", "test") if part in parts}
    others = [folder.name for folder in folders if folder not in parts.values()]
    if others or "train" not in parts:
        named = listed(folder.name for folder in parts.values())
        received = f"{listed(others)} beside {named}" if others else f"{named} without train"
        raise UserError(
            "expected the class folders in train and test, or all in one folder without a split, "
            f"received {received}; move the folders or rename them"
        )
    return parts


def _classes(path: Path, folder: Path) -> dict[str, list[Path]]:
    """Return the picture files of each class folder in `folder`."""
    classes: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()):
        if _ignored(entry):
            continue
        if entry.is_dir():
            classes[entry.name] = [file for file in sorted(entry.iterdir()) if not _ignored(file)]
        elif entry.suffix.lower() in SUFFIXES:
            raise UserError(
                f"{_name(path, entry)}: expected pictures in a folder for each class, "
                "received a picture beside the class folders; move it into the folder of its class"
            )
    for file in (file for files in classes.values() for file in files):
        if file.suffix.lower() not in SUFFIXES or not file.is_file():
            kind = "a folder" if file.is_dir() else "another file"
            raise UserError(
                f"{_name(path, file)}: expected PNG or JPEG files alone in a class folder, received {kind}; "
                "move it elsewhere, or name the folder that holds the class folders"
            )
    return classes


def _check_names(path: Path, names: list[str], parts: Mapping[str, tuple[Path, Classes]]) -> None:
    if len(names) < 2:
        raise UserError(f"expected at least two class folders, received {names[0]} alone; add another class")
    for folder, classes in parts.values():
        for name in classes:
            if name not in names:
                raise UserError(
                    f"{_name(path, folder / name)}: expected the classes of the training images, "
                    f"{listed(names)}, received another; train on images of every class"
                )
    for name in names:
        if not any(classes.get(name) for part, (_, classes) in parts.items() if part != "test"):
            raise UserError(
                f"{_name(path, parts['train'][0] / name)}: expected PNG or JPEG files, "
                "received an empty folder; add pictures to train on, or remove the folder"
            )


def _ordered(names: Collection[str]) -> list[str]:
    """Sort the names of classes, as numbers if all are numbers."""
    numbers = all(name.isdecimal() for name in names)
    return sorted(names, key=lambda name: (int(name) if numbers else 0, name))


def _name(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix()


def _ignored(entry: Path) -> bool:
    return entry.name.startswith(".") or entry.name.lower() in IGNORED


def _instead(path: Path) -> str:
    archives = [entry.name for entry in sorted(path.iterdir()) if entry.suffix == ".npz"]
    return f"name the file {archives[0]} itself" if archives else "name the folder that holds the data itself"
