"""Entries as MLflow's entities."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.entities import Run as Logged
from mlflow.utils import mlflow_tags

from pipeline.system.errors import UserError
from pipeline.tracking.agreement import store
from pipeline.tracking.agreement.circumstances import PROCESS
from pipeline.tracking.agreement.entry import Data, Entry

GROUP_KEY, KEY = "group_key", "run_key"
# Which runs are those of what is kept now; the others are of other revisions, or of experiments.
CURRENT, REASON = "current", "reason"
WRITTEN = "written"  # of a parent: the digest of the runs below it, once all are written
PARENT = mlflow_tags.MLFLOW_PARENT_RUN_ID
RESERVED = {GROUP_KEY, KEY, CURRENT, REASON, WRITTEN, PROCESS, PARENT, mlflow_tags.MLFLOW_RUN_NAME}
RESERVED |= {store.NOTE, store.NOTE_DIGEST}


@dataclass(frozen=True)
class LoggedGroup:
    """What the store holds of a group: the parent, and the runs below it."""

    parent: Logged
    children: tuple[Logged, ...]

    @property
    def key(self) -> str:
        """Return the key of the group."""
        return str(self.parent.data.tags[GROUP_KEY])

    @property
    def is_current(self) -> bool:
        """Tell whether its parent is marked as current."""
        return is_current(self.parent)

    @property
    def runs(self) -> tuple[Logged, ...]:
        """Return the parent and the children."""
        return (self.parent, *self.children)


def identity(entry: Entry, group: bool) -> dict[str, str]:
    """Return the tag by which a run is found again."""
    return {GROUP_KEY if group else KEY: entry.key}


def tags_of(entry: Entry) -> dict[str, str]:
    """Return the tags of an entry and its description. Raises UserError for a name that has a meaning."""
    if reserved := RESERVED & entry.tags.keys():
        raise UserError(f"Entry {entry.name!r}: tags: expected other names than {min(reserved)!r}; rename it")
    return {**entry.tags, **store.note_tags(entry.note)}


def dataset(data: Data) -> DatasetInput:
    """Return a data set as the input of a run."""

    entity = Dataset(data.name, data.digest, data.source_type, json.dumps(data.source, sort_keys=True))
    return DatasetInput(entity, [InputTag(mlflow_tags.MLFLOW_DATASET_CONTEXT, "training")])


def points_of(curves: Mapping[str, Sequence[float]], start: int, end: int, first: int = 0) -> list[Metric]:
    """Return the values of curves as points: of the epochs after `first`, evenly over the time between."""
    return [
        Metric(name, value, start + (end - start) * (place + 1) // len(values), first + place + 1)
        for name, values in curves.items()
        for place, value in enumerate(values)
    ]


def is_current(run: Logged) -> bool:
    """Tell whether a run is marked as one of what is kept now."""
    return bool(run.data.tags.get(CURRENT) == text(True))


def now() -> int:
    """Return the time in MLflow's unit, milliseconds."""
    return int(time.time() * 1000)


def text(value: bool) -> str:
    """Return a truth value as a tag has it."""
    return str(value).lower()
