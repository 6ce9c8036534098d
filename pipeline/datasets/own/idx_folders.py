"""A folder with the four IDX files of MNIST, EMNIST and the like, by any of their common names."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

from pipeline.datasets import idx
from pipeline.datasets.own import parts
from pipeline.datasets.own.parts import Named, Part, Parts, check_size, decoding, listed
from pipeline.datasets.sources import ARRAYS
from pipeline.system.errors import UserError

NAME = re.compile(
    r"(?:(?P<collection>.+)-)?(?P<part>train|test|t10k)-(?P<kind>images|labels)-idx\d(?:-ubyte)?(?:-gz)?"
)
GZIP = b"\x1f\x8b"
FILES = tuple(ARRAYS)
SLOTS = tuple((part, kind) for part in ("train", "test") for kind in ("images", "labels"))

Slot = tuple[str, str]  # train or test, and images or labels


def candidates(path: Path) -> dict[str, dict[Slot, list[Path]]]:
    """Return the files in the folder `path` that have the name of an IDX file.

    They are grouped by what precedes `train`, `test` or `t10k` in the name, such as `emnist-letters`. A
    folder with such a name, as Kaggle has them, counts with the file of such a name inside.
    """
    collections: dict[str, dict[Slot, list[Path]]] = {}
    for entry in sorted(path.iterdir()):
        if (named := _named(entry)) is None:
            continue
        collection, slot = named
        inside = sorted(entry.iterdir()) if entry.is_dir() else [entry]
        files = [file for file in inside if file.is_file() and (_named(file) or ("", None))[1] == slot]
        if files:
            collections.setdefault(collection, {}).setdefault(slot, []).extend(files)
    return collections


def read(path: Path) -> Parts:
    """Read the four IDX files in the folder `path`; its bytes tell whether a file is gzipped.

    Raises UserError unless the folder holds exactly one set of four files, and for bytes that are no IDX
    file.
    """
    collections = candidates(path)
    if len(collections) != 1:
        raise UserError(
            f"expected one set of four IDX files, received {len(collections)}: "
            f"{listed(name or 'train and t10k' for name in collections)}; "
            "put one set into a folder of its own"
        )
    (files,) = collections.values()
    missing = [name for name, slot in zip(FILES, SLOTS, strict=True) if slot not in files]
    if missing:
        raise UserError(
            f"expected the four IDX files {', '.join(FILES)} (plain or .gz), or the same with another "
            f"beginning, received a folder without {', '.join(missing)}; add what is missing"
        )
    arrays = [_array(path, files[slot]) for slot in SLOTS]
    check_size("the IDX files", sum(array.values.nbytes for array in arrays))
    return Parts(train=Part(*arrays[:2]), test=Part(*arrays[2:]))


def _named(file: Path) -> tuple[str, Slot] | None:
    if file.name.startswith("."):  # what systems leave behind
        return None
    matched = NAME.fullmatch(file.name.lower().replace(".", "-").replace("_", "-"))
    if matched is None:
        return None
    part = "train" if matched["part"] == "train" else "test"
    return matched["collection"] or "", (part, matched["kind"])


def _array(path: Path, files: list[Path]) -> Named:
    """Return the array of an IDX file that may be there several times, such as plain and gzipped."""
    first, *others = files
    name, content = first.relative_to(path).as_posix(), _content(path, first)
    for other in others:
        if _content(path, other) != content:
            raise UserError(
                f"{other.relative_to(path).as_posix()}: expected the content of {name}, received another; "
                "remove the file that is wrong"
            )
    try:
        return Named(name, idx.decode(content, name))
    except UserError as error:
        raise UserError(f"{error}; download or unpack the file again") from error


def _content(path: Path, file: Path) -> bytes:
    name = file.relative_to(path).as_posix()
    with decoding(name, "an IDX file, plain or gzipped"):
        check_size(name, file.stat().st_size)
        content = file.read_bytes()
        if not content.startswith(GZIP):
            return content
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(parts.LIMIT + 1)
        check_size(name, len(unpacked))
        return unpacked
