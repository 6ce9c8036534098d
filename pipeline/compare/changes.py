"""What was changed between two sides: parameters, code, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.compare.sides import Side
from pipeline.params import PUBLISHED
from pipeline.system.untrusted import printable

ABSENT = "absent"
SHOWN = 80  # characters of a value
IMAGES = "data/images"
# Earlier revisions name one source for all settings in `data.source`; the first of them knew MNIST alone.
EARLIER_SOURCE, FIRST_SOURCE = "data.source", "mnist"
# The code that draws the images of a training set, and the folders that it has been in, newest first.
DRAWN_BY = ("draws.py", "seeds.py", "splits.py")
FOLDERS = ("pipeline/datasets", "pipeline/data")


@dataclass(frozen=True)
class Change:
    """A value at a path that is not the same on both sides."""

    path: str
    old: str
    new: str


def parameters(a: Side, b: Side) -> list[Change]:
    """Return the parameters that differ."""
    return _differing(a.parameters, b.parameters)


def code(a: Side, b: Side) -> dict[str, str]:
    """Return the files of the code that differ, each with how: added, removed or changed."""
    words = {(True, False): "removed", (False, True): "added", (True, True): "changed"}
    paths = sorted(a.code.keys() | b.code.keys())
    return {
        printable(path): words[path in a.code, path in b.code]
        for path in paths
        if a.code.get(path) != b.code.get(path)
    }


def data(a: Side, b: Side) -> list[Change]:
    """Return the outputs of the stage prepare that differ, by their digests."""
    return _differing(a.data, b.data)


def unshared(a: Side, b: Side, setting: str) -> str:
    """Say why replicate k of a setting may have other images and seeds on the other side; "" if it has not.

    The number of training sets does not matter, because each is drawn independently of how many follow. Wrong
    labels do not matter either: they are given to the same images.
    """
    old, new = (_drawn_from(side, setting) for side in (a, b))
    changed = [path for path in old if path in new and old[path] != new[path]]
    if not changed and not (a.data and a.data == b.data):
        before, after = _drawing_folder(a), _drawing_folder(b)
        for name in DRAWN_BY:
            path = f"{before}/{name}"
            if path not in a.code or a.code[path] != b.code.get(f"{after}/{name}"):
                changed.append(path)
    return " and ".join(changed)


def all_images(side: Side, setting: str) -> bool:
    """Tell whether the only training set of a setting consists of all images."""
    images = PUBLISHED.get(_source(side, setting))
    return images is not None and side.parameters.get(f"settings.{setting}.train_size") == images


def other_weights(a: Side, b: Side, setting: str) -> str:
    """Say why initialisation i of a setting has other weights on the other side; "" if it has the same."""
    within = (f"settings.{setting}.seed", f"settings.{setting}.network.")
    paths = [path for path in sorted(a.parameters.keys() | b.parameters.keys()) if path.startswith(within)]
    return " and ".join(path for path in paths if a.parameters.get(path) != b.parameters.get(path))


def same_images(a: Side, b: Side, setting: str) -> bool:
    """Tell whether a setting draws from the same images on both sides, and is tested on the same.

    Published data sets are always the same, because of their checksums; one's own data are where DVC recorded
    the same digest of all images.
    """
    source = _source(a, setting)
    if source != _source(b, setting):
        return False
    return source in PUBLISHED or (IMAGES in a.data and a.data[IMAGES] == b.data.get(IMAGES))


def _source(side: Side, setting: str) -> str:
    earlier = side.parameters.get(EARLIER_SOURCE, FIRST_SOURCE)
    return str(side.parameters.get(f"settings.{setting}.data", earlier))


def _drawing_folder(side: Side) -> str:
    """Return the folder that the code that draws is in."""
    return next((folder for folder in FOLDERS if f"{folder}/{DRAWN_BY[0]}" in side.code), FOLDERS[0])


def _drawn_from(side: Side, setting: str) -> dict[str, Any]:
    """Return the parameters that decide what a training set of a setting holds."""
    section = f"settings.{setting}"
    held_out = bool(side.parameters.get(f"{section}.validation_size"))  # else drawn from all images
    paths = [f"{section}.seed", f"{section}.train_size"]
    paths += ["data.validation", "data.seed"] if held_out else []
    return {path: side.parameters.get(path) for path in paths} | {f"{section}.validation_size": held_out}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    paths = [*old, *(path for path in new if path not in old)]
    return [
        Change(printable(path), _shown(old, path), _shown(new, path))
        for path in paths
        if (path in old, old.get(path)) != (path in new, new.get(path))
    ]


def _shown(values: Mapping[str, Any], path: str) -> str:
    text = printable(str(values[path])) if path in values else ABSENT
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
