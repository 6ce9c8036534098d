"""The models of groups, beside what a store has of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Metric
from mlflow.entities import Run as Logged
from mlflow.models import Model
from mlflow.models.model import MLMODEL_FILE_NAME

from pipeline.system.errors import UserError
from pipeline.tracking.agreement import artifacts
from pipeline.tracking.agreement.entities import GROUP_KEY, KEY, is_current
from pipeline.tracking.agreement.entry import Contents, Entry, Group, ModelEntry
from pipeline.tracking.agreement.groups import Difference
from pipeline.tracking.agreement.ledger import Ledger

DIGESTS = "digests"  # the tag of a model that has the digest of each of its files


def differences(ledger: Ledger, contents: Contents) -> Iterator[Difference]:
    """Yield a difference for every group that has another model than it should, or none."""
    logged = of_groups(ledger)
    wanted = [group for group in contents.groups if group.model or group.entry.key in logged]
    runs = _runs(ledger, wanted)
    for group in wanted:
        several, run = logged.get(group.entry.key, []), None
        if group.model:
            run = runs.get(group.model.run.key)
        lines = [f"{group.entry.name}: {line}" for line in _lines(group.model, run, several)]
        if lines:
            yield Difference(group.entry.name, lines, _mending(ledger, group, run, several))


def of_groups(ledger: Ledger) -> dict[str, list[LoggedModel]]:
    """Return the models of the experiment by the keys of their groups."""
    models: dict[str, list[LoggedModel]] = {}
    for model in (model for several in ledger.models().values() for model in several):
        if GROUP_KEY in model.tags:
            models.setdefault(model.tags[GROUP_KEY], []).append(model)
    return models


def _runs(ledger: Ledger, groups: Sequence[Group]) -> dict[str, Logged]:
    """Return the runs that the models belong to, by their keys; of two the one that is current."""
    keys = {group.model.run.key for group in groups if group.model}
    found: dict[str, Logged] = {}
    for run in ledger.tagged(KEY) if keys else ():
        key = run.data.tags[KEY]
        if key in keys and (key not in found or is_current(run)):
            found[key] = run
    return found


def _lines(model: ModelEntry | None, run: Logged | None, logged: Sequence[LoggedModel]) -> Iterator[str]:
    if len(logged) != (model is not None):
        yield f"expected {int(model is not None)} logged model, found {len(logged)}"
        return
    for found in logged if model else ():
        assert model is not None
        if run is None or found.source_run_id != run.info.run_id:
            yield f"expected a model of the run {model.run.name}, found one of another"
        if str(found.status) != str(LoggedModelStatus.READY):
            yield f"expected a model that is READY, found {found.status}"
            continue
        for name, value in model.tags.items():
            if found.tags.get(name) != value:
                yield f"the model's tag {name}: expected {value}, found {found.tags.get(name)}"
        yield from _metrics(model.run, found)
        yield from _files(found)


def _metrics(entry: Entry, found: LoggedModel) -> Iterator[str]:
    """Yield the final values of the run that the model does not have on the run's data."""
    data = (entry.data.name, entry.data.digest) if entry.data else (None, None)
    logged = {
        metric.key: metric.value
        for metric in found.metrics or ()
        if (metric.dataset_name or None, metric.dataset_digest or None) == data
    }
    for name, value in entry.metrics.items():
        if repr(logged.get(name)) != repr(float(value)):  # of a network that diverged both may be NaN
            yield f"the model's metric {name}: expected {value}, found {logged.get(name)}"


def _files(found: LoggedModel) -> Iterator[str]:
    expected: Mapping[str, str] = {}
    with suppress(TypeError, ValueError):  # somebody has changed the tag
        expected = dict(json.loads(found.tags.get(DIGESTS, "{}")))
    if not expected:
        yield "the model: expected the digests of its files, found none"
    for path, digest in artifacts.fetched(found.artifact_location, expected).items():
        if digest is None:
            yield f"the model's file {path}: expected a file, found none"
        elif digest != expected[path]:
            yield f"the model's file {path}: expected other bytes than those found"


def _mending(
    ledger: Ledger, group: Group, run: Logged | None, logged: Sequence[LoggedModel]
) -> Callable[[], None]:
    def mend() -> None:
        # What people have set; MLflow's own tags say which versions there were.
        kept = {
            name: value
            for model in logged
            for name, value in model.tags.items()
            if not name.startswith("mlflow.")
        }
        for model in logged:
            ledger.forget_model(model)
        if group.model and run:
            _log(ledger, group, group.model, run, kept)

    return mend


def _log(ledger: Ledger, group: Group, model: ModelEntry, run: Logged, kept: Mapping[str, str]) -> None:
    """Log a model under its run: its final values, on the run's data, and the digests of its files.

    `kept` are the tags of what it replaces, which people may have set.
    """
    client, entry, identity = ledger.client, model.run, run.info.run_id
    made = client.create_logged_model(
        ledger.experiment,
        name=model.name,
        source_run_id=identity,
        tags={**kept, **model.tags, GROUP_KEY: group.entry.key},
        params=dict(entry.params),
    )
    client.log_outputs(identity, [LoggedModelOutput(made.model_id, 0)])
    data = {"dataset_name": entry.data.name, "dataset_digest": entry.data.digest} if entry.data else {}
    # At the time at which the run has them already: they are the same points.
    moment = run.info.end_time
    metrics = [
        Metric(name, value, moment, 0, model_id=made.model_id, run_id=identity, **data)
        for name, value in entry.metrics.items()
    ]
    ledger.log(entry.name, identity, metrics=metrics)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "model")
        model.save(
            folder,
            Model(artifact_path=made.artifact_location, run_id=identity, model_id=made.model_id),
        )
        if not (folder / MLMODEL_FILE_NAME).is_file():
            raise UserError(f"ModelEntry {model.name!r}: save: expected a model of MLflow's, received none")
        client.set_logged_model_tags(made.model_id, {DIGESTS: json.dumps(artifacts.digests(folder))})
        client.log_model_artifacts(made.model_id, str(folder))
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
