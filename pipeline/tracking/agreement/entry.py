"""What a store is to say, as plain data: runs, groups of runs, models, and the names that models go by.

Each raises UserError for what MLflow would not take, or would give back as something else.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from pipeline.system.errors import UserError
from pipeline.tracking.agreement.checked import (
    CONFIG,
    Alias,
    ArtifactPath,
    Checked,
    Curve,
    Digest,
    ModelName,
    Number,
    Parameter,
    RegisteredName,
    Text,
)


@dataclass(frozen=True, config=CONFIG)
class Data(Checked):
    """A data set that a run was trained on: MLflow finds it by `name` and `digest` (36 characters at most).

    `source` says where it comes from, as JSON of the kind `source_type`.
    """

    name: Text
    digest: Digest
    source_type: str
    source: Mapping[str, Any]


@dataclass(frozen=True, config=CONFIG)
class Drawn(Checked):
    """An artifact that is made when it is missing: `of` is a digest of all that `make` makes it from."""

    of: str
    make: Callable[[], bytes]


def _artifact(value: Any) -> Path | Drawn:
    if isinstance(value, Drawn) or (isinstance(value, Path) and value.is_file()):
        return value
    raise PydanticCustomError("artifact", "the Path of a file that is there, or Drawn")


Artifact = Annotated[Path | Drawn, PlainValidator(_artifact)]


@dataclass(frozen=True, config=CONFIG)
class Entry(Checked):
    """A run, as a function of files. Everything else in the store's run is somebody else's, and stays.

    key: what tells it from the other runs of its group, or a group from the others. It stays the same as
    long as it is the same run.
    metrics: final values. curves: a value an epoch, from 1, under names that no final value has. An infinite
    value is the largest number, for a database has no other.
    note: the description, in markdown. data: what it was trained on.
    seconds: how long it took, where that is known; it is written, and not compared.
    artifacts: a file, which the artifact equals byte by byte, or what draws it, by the artifact's path.
    """

    key: Text
    name: Text
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Parameter] = field(default_factory=dict)
    metrics: Mapping[str, Number] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    note: str = ""
    data: Data | None = None
    seconds: float = 0.0
    artifacts: Mapping[ArtifactPath, Artifact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if both := self.metrics.keys() & self.curves.keys():
            raise UserError(
                f"Entry {self.name!r}: curves: expected names that no metric has, received {min(both)!r}"
            )


@dataclass(frozen=True, config=CONFIG)
class ModelEntry(Checked):
    """A model: logged under a run, with that run's parameters, metrics and data.

    run: that run, which may belong to another group. registered: the name that it is a version of.
    card: the description of the version, in markdown.
    save: writes the model to a folder that does not exist, with the `mlflow.models.Model` that describes it,
    as `mlflow.pyfunc.save_model(folder, mlflow_model=described, ...)` does.
    """

    run: Entry
    name: ModelName
    tags: Mapping[str, str]
    registered: RegisteredName
    card: str
    save: Callable[[Path, Any], None]


@dataclass(frozen=True, config=CONFIG)
class Group(Checked):
    """A parent run, the runs below it, and the model of the group if it has one."""

    entry: Entry
    runs: Sequence[Entry] = ()
    model: ModelEntry | None = None

    def __post_init__(self) -> None:
        _each_once(f"Group {self.entry.name!r}: runs", (run.key for run in self.runs))


@dataclass(frozen=True, config=CONFIG)
class Registered(Checked):
    """A registered name: its description, and the key of the group whose model an alias stands for.

    An alias that is named here and stands for None is removed; all others are somebody else's.
    """

    description: str
    aliases: Mapping[Alias, str | None]


@dataclass(frozen=True, config=CONFIG)
class Contents(Checked):
    """All that a store is to say.

    `current` tells whether it is what is kept now: of another revision, runs and models are recorded and
    no name stands for them.
    """

    groups: Sequence[Group]
    registered: Mapping[RegisteredName, Registered] = field(default_factory=dict)
    current: bool = True
    whole: bool = True  # what the store has beyond these groups is no longer current
    quick: bool = False  # runs that were written with just these values are not compared again
    among: str = ""  # a condition on parents, in MLflow's language: all others are out of account

    def __post_init__(self) -> None:
        _each_once("Contents: groups", (group.entry.key for group in self.groups))
        runs = {run.key for group in self.groups for run in group.runs}
        modelled = {group.entry.key for group in self.groups if group.model}
        for model in (group.model for group in self.groups if group.model):
            if self.whole and model.run.key not in runs:
                raise UserError(
                    f"ModelEntry {model.name!r}: run: expected a run of a group, received another"
                )
            if self.current and model.registered not in self.registered:
                raise UserError(
                    f"Contents: registered: expected {model.registered!r}, the name of the model "
                    f"{model.name!r}, received {', '.join(map(repr, self.registered)) or 'none'}"
                )
        for name, registered in self.registered.items():
            for alias, key in registered.aliases.items():
                if key is not None and key not in modelled:
                    raise UserError(
                        f"Contents: registered.{name}.aliases.{alias}: expected the key of a group that has "
                        f"a model, received {key!r}"
                    )


def _each_once(where: str, keys: Iterable[str]) -> None:
    for key, count in Counter(keys).items():
        if count > 1:
            raise UserError(f"{where}: expected a key of its own for each, received {key!r} {count} times")


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
