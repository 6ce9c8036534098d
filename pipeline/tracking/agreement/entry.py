"""What a store is to say, as plain data: runs, groups of runs, models, and the names that models go by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Data:
    """A data set that a run was trained on: MLflow finds it by `name` and `digest` (36 characters at most).

    `source` says where it comes from, as JSON of the kind `source_type`.
    """

    name: str
    digest: str
    source_type: str
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Drawn:
    """An artifact that is made when it is missing: `of` is a digest of all that `make` makes it from."""

    of: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Entry:
    """A run, as a function of files. Everything else in the store's run is somebody else's, and stays.

    key: what tells it from all other runs, and stays the same as long as it is the same run.
    metrics: final values. curves: a value an epoch, from 1, under names that no final value has.
    note: the description, in markdown. data: what it was trained on.
    seconds: how long it took, where that is known; it is written, and not compared.
    artifacts: a file, which the artifact equals byte by byte, or what draws it, by the artifact's path.
    """

    key: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    note: str = ""
    data: Data | None = None
    seconds: float = 0.0
    artifacts: Mapping[str, Path | Drawn] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelEntry:
    """A model: logged under one of the runs of its group, with that run's parameters, metrics and data.

    run: the key of that run, which may belong to another group. registered: the name that it is a version of.
    card: the description of the version, in markdown.
    save: writes the model to a folder that does not exist, with the `mlflow.models.Model` that describes it.
    """

    run: Entry
    name: str
    tags: Mapping[str, str]
    registered: str
    card: str
    save: Callable[[Path, Any], None]


@dataclass(frozen=True)
class Group:
    """A parent run, the runs below it, and the model of the group if it has one."""

    entry: Entry
    runs: Sequence[Entry] = ()
    model: ModelEntry | None = None


@dataclass(frozen=True)
class Registered:
    """A registered name: its description, and the key of the group whose model an alias stands for.

    An alias that is named here and stands for None is removed; all others are somebody else's.
    """

    description: str
    aliases: Mapping[str, str | None]


@dataclass(frozen=True)
class Contents:
    """All that a store is to say.

    `current` tells whether it is what is kept now: of another revision, runs and models are recorded and
    no name stands for them.
    """

    groups: Sequence[Group]
    registered: Mapping[str, Registered] = field(default_factory=dict)
    current: bool = True
    whole: bool = True  # what the store has beyond these groups is no longer current
    quick: bool = False  # runs that were written with just these values are not compared again
    among: str = ""  # a condition on parents, in MLflow's language: all others are out of account


def digest_of_runs(group: Group) -> str:
    """Return a digest of all that the runs of a group are to say."""
    return digest_of(
        [run.key, run.name, dict(run.tags), dict(run.params), dict(run.metrics), dict(run.curves), run.note]
        + ([run.data.name, run.data.digest] if run.data else [])
        for run in group.runs
    )


def digest(content: bytes) -> str:
    """Return the first 32 digits of a SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]


def digest_of(values: Iterable[Any]) -> str:
    """Return a digest of values that JSON can write."""
    return digest(json.dumps(list(values), sort_keys=True).encode())
