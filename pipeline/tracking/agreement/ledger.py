"""Reading and writing the runs of one experiment: a parent a group, and a child a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlflow.entities import LoggedModel, Metric, Param, RunTag
from mlflow.entities import Run as Logged
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from pipeline.tracking.agreement import store
from pipeline.tracking.agreement.circumstances import PROCESS, Circumstances
from pipeline.tracking.agreement.entities import (
    CURRENT,
    GROUP_KEY,
    KEY,
    PARENT,
    REASON,
    LoggedGroup,
    dataset,
    identity,
    now,
    points_of,
    tags_of,
    text,
)
from pipeline.tracking.agreement.entry import Entry
from pipeline.tracking.agreement.store import Experiment

BATCH = 1000  # values in one request: what a server takes, 100 parameters or tags at most
FEW = 100
PAGE = 5000


class Ledger:
    """One experiment of a store. Raises UserError for a store that does not answer.

    `outer` is a run that the groups are put under. `refused` collects a line for every value that the
    store does not take; the rest is written.
    """

    def __init__(
        self, experiment: Experiment, circumstances: Circumstances, outer: str | None = None
    ) -> None:
        self.name = experiment.name
        self.client, self.experiment = store.opened(experiment)
        self.circumstances, self.outer = circumstances, outer
        self.refused: list[str] = []
        self._tagged: dict[str, dict[str, str]] = {}  # what a run that is not finished was begun with

    # ---- writing ----

    def begin(
        self,
        entry: Entry,
        parent: str | None,
        *,
        current: bool,
        start: int | None = None,
        group: bool = False,
    ) -> str:
        """Create a run, RUNNING and marked as this process's; return its id."""
        tags = self.circumstances.tags() | identity(entry, group) | {CURRENT: text(current)}
        tags |= {PARENT: over} if (over := parent or self.outer) else {}
        diff = self.circumstances.diff() if group else ""  # git may fail: before there is a run
        start = start or now()
        try:
            created = self.client.create_run(self.experiment, start, tags | tags_of(entry), entry.name)
        except MlflowException as error:
            if not store.is_refusal(error):
                raise
            created = self.client.create_run(self.experiment, start, tags, entry.name)
            self.log(entry.name, str(created.info.run_id), tags_of(entry))
        made = str(created.info.run_id)
        self._tagged[made] = tags_of(entry)
        if entry.data:
            self.client.log_inputs(made, [dataset(entry.data)])
        if diff:
            self.client.log_text(made, diff, "git.diff")
        return made

    def end(
        self, made: str, entry: Entry, moment: int | None = None, points: Sequence[Metric] | None = None
    ) -> None:
        """Log what is known at the end of a run, and the last points of its curves, and finish it."""
        moment = moment or now()
        if points is None:
            points = points_of(entry.curves, moment, moment)
        final = [Metric(name, value, moment, 0) for name, value in entry.metrics.items()]
        known = self._tagged.pop(made, {})  # a call less a run
        tags = {name: value for name, value in tags_of(entry).items() if known.get(name) != value}
        self.log(entry.name, made, tags, entry.params, [*points, *final])
        self.client.set_terminated(made, "FINISHED", end_time=moment)

    def stop(self, made: str, status: str, reason: str) -> None:
        """End a run that will not be finished, and say why."""
        self.client.set_tag(made, REASON, reason)
        self.client.set_terminated(made, status)

    def mark(self, runs: Iterable[Logged], *, current: bool) -> None:
        """Tell whether runs are those of what is kept now."""
        for run in runs:
            if run.data.tags.get(CURRENT) != text(current):
                self.client.set_tag(run.info.run_id, CURRENT, text(current))

    def forget_run(self, run: str) -> None:
        """Delete a run, the models that were logged under it, and the registered versions of these."""
        for model in self.client.search_logged_models([self.experiment], f"source_run_id = '{run}'"):
            self.forget_model(model)
        self.client.delete_run(run)

    def forget_model(self, model: LoggedModel) -> None:
        """Delete a model and the versions that are registered of it."""
        for version in self.client.search_model_versions(f"run_id = '{model.source_run_id}'"):
            if GROUP_KEY in version.tags:  # others are somebody else's
                self.client.delete_model_version(version.name, version.version)
        self.client.delete_logged_model(model.model_id)

    def close_stale(self, hours: float) -> None:
        """End the runs of processes that are gone, and those that have been RUNNING for so many hours."""
        for run in self.running():
            if self.circumstances.process.is_gone(run.data.tags):
                self.stop(run.info.run_id, "KILLED", "its process is gone")
            elif now() - run.info.start_time > hours * 3_600_000:
                self.stop(run.info.run_id, "KILLED", f"it was RUNNING for more than {hours:g} hours")

    def log(
        self,
        name: str,
        made: str,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        metrics: Iterable[Metric] = (),
    ) -> None:
        """Log values of a run; `name` is what a line of `refused` calls it."""
        few: list[Any] = [Param(key, value) for key, value in (params or {}).items()]
        few += [RunTag(key, value) for key, value in (tags or {}).items()]
        many = list(metrics)
        while few or many:  # one request for what fits into one
            self._log(name, made, [*few[:FEW], *many[: BATCH - FEW]])
            few, many = few[FEW:], many[BATCH - FEW :]

    def _log(self, name: str, made: str, items: Sequence[Any]) -> None:
        try:
            self.client.log_batch(
                made,
                metrics=[item for item in items if isinstance(item, Metric)],
                params=[item for item in items if isinstance(item, Param)],
                tags=[item for item in items if isinstance(item, RunTag)],
            )
        except MlflowException as error:
            if not store.is_refusal(error):
                raise
            if len(items) == 1:
                (item,) = items
                kind = type(item).__name__.removeprefix("Run").lower()
                self.refused.append(f"{name}: the store refuses the {kind} {item.key}: {store.said(error)}")
                return
            middle = len(items) // 2
            for half in (items[:middle], items[middle:]):
                self._log(name, made, half)

    # ---- reading ----

    def groups(self, condition: str = "") -> list[LoggedGroup]:
        """Return every group, or those whose parents fulfil a condition, the oldest first."""
        parents = self.tagged(GROUP_KEY, condition)
        by_parent: dict[str, list[Logged]] = {parent.info.run_id: [] for parent in parents}
        children = (
            self.tagged(KEY)
            if not condition or len(parents) > FEW
            else [run for parent in by_parent for run in self.tagged(KEY, f"tags.`{PARENT}` = '{parent}'")]
        )
        for child in children:
            by_parent.get(child.data.tags.get(PARENT, ""), []).append(child)
        return [LoggedGroup(parent, tuple(by_parent[parent.info.run_id])) for parent in reversed(parents)]

    def tagged(self, tag: str, condition: str = "") -> list[Logged]:
        """Return the active runs that have a tag, and fulfil a condition, the youngest first."""
        has_tag = f"tags.{tag} LIKE '%'"
        found = self.search(f"{has_tag} and {condition}" if condition else has_tag)
        return [run for run in found if tag in run.data.tags]  # a damaged database finds others too

    def running(self) -> list[Logged]:
        """Return our runs that say RUNNING, without the outer one."""
        running = self.tagged(PROCESS, "attributes.status = 'RUNNING'")
        return [run for run in running if run.info.run_id != self.outer]

    def search(self, condition: str) -> list[Logged]:
        """Return the active runs that fulfil a condition, the youngest first."""
        search = functools.partial(self.client.search_runs, [self.experiment], condition, max_results=PAGE)
        return list(_pages(search))

    def curves(self, wanted: Mapping[str, Iterable[str]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Return the points (epoch, value) of the curves that `wanted` names by run, by run and name."""
        runs_by_name: dict[str, list[str]] = {}
        for run, names in wanted.items():
            for name in names:
                runs_by_name.setdefault(name, []).append(run)
        curves: dict[str, dict[str, list[tuple[int, float]]]] = {run: {} for run in wanted}
        for name, runs in runs_by_name.items():
            for run, point in store.histories(self.client, runs, name):
                curves[run].setdefault(name, []).append((point.step, point.value))
        for of_run in curves.values():
            for points in of_run.values():
                points.sort()
        return curves

    def models(self) -> dict[str, list[LoggedModel]]:
        """Return the models of the experiment, by the run that they were logged under."""
        models: dict[str, list[LoggedModel]] = {}
        for model in _pages(functools.partial(self.client.search_logged_models, [self.experiment])):
            models.setdefault(str(model.source_run_id), []).append(model)
        return models

    def versions(self, names: Iterable[str]) -> dict[tuple[str, str, str], ModelVersion]:
        """Return our versions of registered names, by name, group, and the run of their model.

        Two groups may have a model of the same run.
        """
        versions: dict[tuple[str, str, str], ModelVersion] = {}
        for name in names:
            for version in _pages(functools.partial(self.client.search_model_versions, f"name = '{name}'")):
                if GROUP_KEY in version.tags:
                    versions[name, version.tags[GROUP_KEY], str(version.run_id)] = version
        return versions


def _pages(search: Callable[..., Any]) -> Iterator[Any]:
    """Yield all that a search finds, page by page."""
    token = None
    while True:
        page = search(page_token=token)
        yield from page
        if not (token := page.token):
            return
