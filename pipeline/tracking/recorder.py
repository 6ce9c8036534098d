"""The runs of one part of the study, recorded as they are finished."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import mlflow
import numpy as np
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from mlflow.utils import mlflow_tags

from pipeline import checkout, guard
from pipeline.plan import Run, version
from pipeline.records import Record, Result
from pipeline.tracking import store

BATCH = 1000  # what the server takes in one request


class Recorder:
    """A parent run for each cell of a part, and a child for each run in it, trials included.

    `runs` are all that may be recorded, whatever is chosen.

    A context manager: the parents end FINISHED, FAILED when the block raises, KILLED when it is
    interrupted. What an earlier, identical stage recorded is replaced.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._client, self._experiment = store.experiment()
        self._groups = {
            cell: list(group) for cell, group in itertools.groupby(runs, key=lambda run: run.cell)
        }
        self._parents: dict[str, str] = {}
        self._reported: dict[str, list[Record]] = {cell: [] for cell in self._groups}

    def __enter__(self) -> Self:
        try:
            for cell, runs in self._groups.items():
                self._begin(cell, runs)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    @guard.uninterrupted()
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = "FINISHED"
        if kind is not None:
            status = "FAILED" if issubclass(kind, Exception) else "KILLED"
        for cell, parent in self._parents.items():
            means = _means(self._reported[cell])
            self._log(parent, metrics=[_metric(name, value) for name, value in means.items()])
            self._client.set_terminated(parent, status)

    @guard.uninterrupted()
    def record(self, result: Result) -> None:
        """Record one finished run: parameters, curves, final scores, tags and the data it saw."""
        run = result.run
        end = int(time.time() * 1000)
        start = end - int(1000 * sum(result.seconds.values()))
        tags = {
            "kind": "run" if run.trial is None else "trial",
            "run_key": run.key,
            "split": run.split,
            "init": run.init,
            mlflow_tags.MLFLOW_PARENT_RUN_ID: self._parents[run.cell],
        }
        created = self._client.create_run(
            self._experiment, start_time=start, tags=tags | self._tags(run), run_name=run.name
        )
        identity = created.info.run_id
        metrics = _curves(result, start, end) + [
            _metric(f"final/{name}", value, end) for name, value in (result.final | _seconds(result)).items()
        ]
        self._log(identity, params=_parameters(run), metrics=metrics)
        self._client.log_inputs(identity, [_dataset(run)])
        self._client.set_terminated(identity, "FINISHED", end_time=end)
        if run.trial is None:
            if not self._reported[run.cell]:  # now it is known which candidate was chosen
                self._log(self._parents[run.cell], params=_parameters(run.condition))
            self._reported[run.cell].append(result)

    @guard.uninterrupted()
    def log_model(self, run: Run, model: Any, image_shape: tuple[int, ...], classes: int) -> None:
        """Log the trained network of `run` under its parent: images in [0, 1] to logits."""
        signature = ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *image_shape))]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, classes))]),
        )
        with mlflow.start_run(run_id=self._parents[run.cell]):
            mlflow.keras.log_model(
                model,
                name=run.cell.replace("/", "-"),
                signature=signature,
                # Given, because mlflow would start a process to find them out.
                pip_requirements=[f"{name}=={version(name)}" for name in ("tensorflow", "keras")],
                tags={"variant": run.variant, "setting": run.setting, "run_key": run.key},
            )

    @guard.uninterrupted()
    def _begin(self, cell: str, runs: Sequence[Run]) -> None:
        group = hashlib.sha256("".join(run.key for run in runs).encode()).hexdigest()[:32]
        self._forget(group)
        tags = {"kind": "variant", "group_key": group} | self._tags(runs[0])
        if outer := store.outer_run():
            tags[mlflow_tags.MLFLOW_PARENT_RUN_ID] = outer
        created = self._client.create_run(self._experiment, tags=tags, run_name=cell)
        self._parents[cell] = created.info.run_id

    def _tags(self, run: Run) -> dict[str, Any]:
        return {
            "variant": run.variant,
            "setting": run.setting,
            **({"point": run.point} if run.point else {}),
            mlflow_tags.MLFLOW_GIT_COMMIT: checkout.commit(),
            "git_dirty": str(checkout.dirty()).lower(),
            mlflow_tags.MLFLOW_SOURCE_NAME: "pipeline.stages.train",
        }

    def _forget(self, group: str) -> None:
        """Delete the runs of an earlier stage that was the same."""
        for parent in self._search(f"tags.group_key = '{group}'"):
            for child in self._search(f"tags.`{mlflow_tags.MLFLOW_PARENT_RUN_ID}` = '{parent}'"):
                self._client.delete_run(child)
            for model in self._client.search_logged_models([self._experiment], f"source_run_id = '{parent}'"):
                self._client.delete_logged_model(model.model_id)
            self._client.delete_run(parent)

    def _search(self, condition: str) -> list[str]:
        found: list[str] = []
        token = None
        while True:
            page = self._client.search_runs([self._experiment], condition, page_token=token)
            found += [run.info.run_id for run in page]
            token = page.token
            if not token:
                return found

    def _log(self, run_id: str, params: Sequence[Param] = (), metrics: Sequence[Metric] = ()) -> None:
        for first in range(0, max(len(metrics), 1), BATCH):
            self._client.log_batch(run_id, metrics[first : first + BATCH], params if first == 0 else ())


def _parameters(run: Run) -> list[Param]:
    """Return the resolved parameters under their names in `params.yaml`; the seeds only of a real run."""
    fields = run.model_dump(exclude={"setting", "variant", "point", "key", "regularizers", "code"})
    if run.trial is None:
        del fields["trial"]
    if not run.shift_every:
        del fields["shift_every"]
    if not run.key:
        for name in ("split", "init", "init_seed", "order_seed", "noise_seed", "data"):
            del fields[name]
    fields |= run.regularizers
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": part for key, part in value.items()}
        else:
            flat[name] = value
    return [Param(name, str(value)) for name, value in flat.items()]


def _curves(result: Result, start: int, end: int) -> list[Metric]:
    """Return a point an epoch of every curve, spread evenly over the time of the run."""
    points = []
    for name, values in result.history.items():
        for epoch, value in enumerate(values, start=1):
            moment = start + (end - start) * epoch // len(values)
            points.append(Metric(f"epoch/{name}", float(value), moment, epoch))
    return points


def _seconds(result: Result) -> dict[str, float]:
    return {"seconds": sum(result.seconds.values())}


def _means(records: Iterable[Record]) -> dict[str, float]:
    """Return the mean of every final score over the runs, and how many they are."""
    finals = [record.final for record in records]
    if not finals:
        return {"runs": 0.0}
    means = {f"final/{name}": float(np.mean([final[name] for final in finals])) for name in finals[0]}
    return means | {"runs": float(len(finals))}


def _metric(name: str, value: float, moment: int | None = None) -> Metric:
    return Metric(name, float(value), moment or int(time.time() * 1000), 0)


def _dataset(run: Run) -> DatasetInput:
    dataset = Dataset(
        name=f"mnist-{run.setting}-split-{run.split:02d}",
        digest=run.data[:36],  # the longest that mlflow takes
        source_type="local",
        source='{"uri": "data/images"}',
    )
    return DatasetInput(dataset, [InputTag(mlflow_tags.MLFLOW_DATASET_CONTEXT, "training")])
