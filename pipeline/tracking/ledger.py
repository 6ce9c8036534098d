"""Reading and writing the study's runs in MLflow's store: a parent a cell, a child a run."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psutil
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModel, Metric, Param, RunTag
from mlflow.entities import Run as Logged
from mlflow.entities.model_registry import ModelVersion
from mlflow.utils import mlflow_tags

from pipeline.datasets import prepared
from pipeline.plan import Run
from pipeline.system import checkout
from pipeline.tracking import entries, store
from pipeline.tracking.entries import Entry

BATCH = 1000  # what the server takes in one request
PAGE = 1000
# Which runs are those of the present DVC outputs; the others are of other revisions, or of experiments.
CURRENT, EXPERIMENT = "current", "dvc_experiment"
PROCESS, REASON = "process", "reason"
PARENT = mlflow_tags.MLFLOW_PARENT_RUN_ID


@dataclass(frozen=True)
class LoggedCell:
    """What the store holds of a cell: the parent, and the runs below it."""

    parent: Logged
    children: tuple[Logged, ...]

    @property
    def key(self) -> str:
        """Return the key of the cell."""
        return str(self.parent.data.tags[entries.CELL_KEY])

    @property
    def is_current(self) -> bool:
        """Tell whether its parent is marked as one of the present outputs."""
        return self.parent.data.tags.get(CURRENT) == "true"

    @property
    def runs(self) -> tuple[Logged, ...]:
        """Return the parent and the children."""
        return (self.parent, *self.children)


class Ledger:
    """The study's experiment. Raises UserError for a store that does not answer."""

    def __init__(self) -> None:
        self.client, self.experiment = store.experiment()

    # ---- writing ----

    def begin(self, entry: Entry, parent: str | None, start: int | None = None, current: bool = False) -> str:
        """Create a run, RUNNING and marked as this process's; return its id.

        It is `current` where it is trained in the workspace, or is said to be.
        """
        tags = entry.tags | _circumstances() | ({PARENT: parent} if parent else {})
        tags[CURRENT] = _text(current or is_workspace())
        created = self.client.create_run(
            self.experiment, start_time=start or now(), tags=tags, run_name=entry.name
        )
        return str(created.info.run_id)

    def points(self, identity: str, points: Sequence[Metric]) -> None:
        """Log points of curves."""
        self._log(identity, metrics=points)

    def end(
        self, identity: str, entry: Entry, moment: int | None = None, points: Sequence[Metric] = ()
    ) -> None:
        """Log what is known at the end of a run, and the last points of its curves, and finish it."""
        moment = moment or now()
        final = [Metric(name, value, moment, 0) for name, value in entry.metrics.items()]
        self._log(
            identity,
            params=[Param(name, value) for name, value in entry.params.items()],
            metrics=[*points, *final],
            tags=[RunTag(name, value) for name, value in entry.tags.items()],
        )
        self.client.set_terminated(identity, "FINISHED", end_time=moment)

    def saw(self, identity: str, run: Run) -> None:
        """Log the data that a run was trained on."""
        dataset = Dataset(
            name=f"{run.setting}-{run.training_set}",
            digest=run.data[:36],  # the longest that mlflow takes
            source_type="local",
            source=json.dumps({"uri": prepared.folder(run.source).as_posix()}),
        )
        self.client.log_inputs(
            identity, [DatasetInput(dataset, [InputTag(mlflow_tags.MLFLOW_DATASET_CONTEXT, "training")])]
        )

    def stop(self, identity: str, status: str, reason: str) -> None:
        """End a run that will not be finished, and say why."""
        self.client.set_tag(identity, REASON, reason)
        self.client.set_terminated(identity, status)

    def mark(self, runs: Iterable[Logged], current: bool) -> None:
        """Tell whether runs are those of the present DVC outputs."""
        wanted = _text(current)
        for run in runs:
            if run.data.tags.get(CURRENT) != wanted:
                self.client.set_tag(run.info.run_id, CURRENT, wanted)

    def forget(self, cell: LoggedCell) -> None:
        """Delete the runs of a cell and its models; the parent last, for by it the rest is found."""
        for child in cell.children:
            self.client.delete_run(child.info.run_id)
        self.forget_models(cell.parent.info.run_id)
        self.client.delete_run(cell.parent.info.run_id)

    def forget_models(self, parent: str) -> None:
        """Delete the models that were logged under a parent, and the versions that are registered of them."""
        for version in self.client.search_model_versions(f"run_id = '{parent}'"):
            self.client.delete_model_version(version.name, version.version)
        for model in self.client.search_logged_models([self.experiment], f"source_run_id = '{parent}'"):
            self.client.delete_logged_model(model.model_id)

    def close_stale(self) -> None:
        """End the runs that processes of this machine left RUNNING when they were killed."""
        for run in self.search("attributes.status = 'RUNNING'"):
            if _is_dead(run.data.tags.get(PROCESS, "")):
                self.stop(run.info.run_id, "KILLED", "its process is gone")

    # ---- reading ----

    def logged_cells(self, condition: str = "") -> list[LoggedCell]:
        """Return every cell, or those whose parents fulfil a condition, the oldest first."""
        parents = self.search(f"tags.{entries.KIND} = 'variant'" + (f" and {condition}" if condition else ""))
        by_parent: dict[str, list[Logged]] = {parent.info.run_id: [] for parent in parents}
        children = (
            self.search(f"tags.{entries.KEY} LIKE '%'")
            if not condition
            else [run for parent in by_parent for run in self.search(f"tags.`{PARENT}` = '{parent}'")]
        )
        for child in children:
            by_parent.get(child.data.tags.get(PARENT, ""), []).append(child)
        return [LoggedCell(parent, tuple(by_parent[parent.info.run_id])) for parent in reversed(parents)]

    def search(self, condition: str) -> list[Logged]:
        """Return the active runs that fulfil a condition, the youngest first."""
        runs: list[Logged] = []
        token = None
        while True:
            page = self.client.search_runs([self.experiment], condition, max_results=PAGE, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs

    def curves(self, runs: Sequence[Logged]) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Return every point (epoch, value) of every curve, by run id and key, in the order of the epochs."""
        asked: dict[str, list[str]] = {}
        for run in runs:
            for name in filter(lambda name: name.startswith(entries.EPOCH), run.data.metrics):
                asked.setdefault(name, []).append(run.info.run_id)
        curves: dict[str, dict[str, list[tuple[int, float]]]] = {run.info.run_id: {} for run in runs}
        for name, identities in asked.items():
            for identity, point in store.histories(self.client, identities, name):
                curves[identity].setdefault(name, []).append((point.step, point.value))
        for of_run in curves.values():
            for points in of_run.values():
                points.sort()
        return curves

    def models(self) -> dict[str, list[LoggedModel]]:
        """Return the models of the study, by the run that they were logged under."""
        models: dict[str, list[LoggedModel]] = {}
        token = None
        while True:
            page = self.client.search_logged_models([self.experiment], page_token=token)
            for model in page:
                models.setdefault(str(model.source_run_id), []).append(model)
            token = page.token
            if not token:
                return models

    def versions(self) -> dict[str, list[ModelVersion]]:
        """Return the registered versions of the study's networks, by the run that these were logged under."""
        versions: dict[str, list[ModelVersion]] = {}
        token = None
        while True:
            page = self.client.search_model_versions(f"name LIKE '{store.EXPERIMENT}-%'", page_token=token)
            for version in page:
                versions.setdefault(str(version.run_id), []).append(version)
            token = page.token
            if not token:
                return versions

    def _log(
        self,
        identity: str,
        params: Sequence[Param] = (),
        metrics: Sequence[Metric] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        for first in range(0, max(len(metrics), 1), BATCH):
            once = (params, tags) if first == 0 else ((), ())
            self.client.log_batch(identity, metrics[first : first + BATCH], *once)


def points(curves: Mapping[str, Sequence[float]], start: int, end: int, first: int = 0) -> list[Metric]:
    """Return the values of curves as points: of the epochs after `first`, evenly over the time between."""
    return [
        Metric(name, value, start + (end - start) * (place + 1) // len(values), first + place + 1)
        for name, values in curves.items()
        for place, value in enumerate(values)
    ]


def now() -> int:
    """Return the time in MLflow's unit, milliseconds."""
    return int(time.time() * 1000)


def is_workspace() -> bool:
    """Tell whether what is trained here are the present DVC outputs, not those of an experiment's copy."""
    return checkout.main_checkout() == checkout.ROOT


def _circumstances() -> dict[str, str]:
    """Return the tags that say where and when, of which no result depends."""
    experiment = os.environ.get("DVC_EXP_NAME")
    return {
        **({EXPERIMENT: experiment} if experiment else {}),
        mlflow_tags.MLFLOW_GIT_COMMIT: checkout.source_commit(),
        "git_dirty": _text(checkout.dirty()),
        mlflow_tags.MLFLOW_SOURCE_NAME: "pipeline",
        PROCESS: f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}",
    }


def _is_dead(process: str) -> bool:
    """Tell whether a process, as its tag names it, was one of this machine and is no more."""
    host, _, rest = process.partition(" ")
    if host != socket.gethostname():
        return False
    pid, _, created = rest.partition(" ")
    try:
        living = psutil.Process(int(pid))
        # A zombie, which nobody has waited for, does nothing any more.
        return f"{living.create_time():.2f}" != created or living.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _text(value: bool) -> str:
    return str(value).lower()
