"""What a run of MLflow says: a function of what DVC keeps, so that it can be written again and checked."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mlflow.utils import mlflow_tags

from pipeline import regularizers
from pipeline.plan import Run
from pipeline.records import Record
from pipeline.science import comparison
from pipeline.science.levels import PERCENT
from pipeline.science.metrics import recorded
from pipeline.tracking.outputs import Cell

FINAL, LOW, HIGH, EPOCH = "final/", "low/", "high/", "epoch/"
NOTE = mlflow_tags.MLFLOW_RUN_NOTE
KIND, CELL_KEY, KEY, STAGE = "kind", "cell_key", "run_key", "stage"
PLACE = ("variant", "setting", "question", "label")  # tags that say which cell a run belongs to


@dataclass(frozen=True)
class Entry:
    """A run as MLflow is to show it.

    `metrics` are final values; `curves` hold a value an epoch, from 1, under keys of their own.
    """

    name: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    curves: dict[str, list[float]] = field(default_factory=dict)


def of_run(record: Record) -> Entry:
    """Return the entry of one Keras run."""
    run = record.run
    kind = "run" if run.trial is None else "trial"
    return Entry(
        name=run.name,
        tags={
            **_place(run),
            KIND: kind,
            KEY: run.key,
            "split": str(run.split),
            "init": str(run.init),
            NOTE: _run_note(run),
        },
        params=_parameters(run),
        metrics={f"{FINAL}{name}": _storable(value) for name, value in record.final.items()},
        curves=of_curves(record.history),
    )


def of_curves(history: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Return the curves of a history under their keys in MLflow."""
    return {f"{EPOCH}{name}": list(map(_storable, values)) for name, values in history.items()}


def of_cell(cell: Cell) -> Entry:
    """Return the entry of the parent of a cell: what its replicates share, and their means."""
    params, metrics = {}, {"runs": float(len(cell.reported))}
    if cell.reported:
        params = _parameters(cell.reported[0].run.condition)
        for name in cell.reported[0].final:
            if all(name in record.final for record in cell.reported):
                metrics |= _summary(name, cell.reported)
    tags = {**_place(cell.planned[0]), KIND: "variant", CELL_KEY: cell.key, STAGE: cell.stage}
    if cell.choice is not None:
        tags["candidate"] = str(cell.choice.candidate)
    return Entry(cell.name, tags | {NOTE: _cell_note(cell, metrics)}, params, metrics)


def _place(run: Run) -> dict[str, str]:
    return {name: value for name in PLACE if (value := getattr(run, name))}


def _parameters(run: Run) -> dict[str, str]:
    """Return the resolved parameters under their names in `params.yaml`; the seeds only of a real run."""
    fields = run.model_dump(exclude={*PLACE, "key", "network", "regularizers", "code", "curves"})
    if run.trial is None:
        del fields["trial"]
    if not run.shift_every:
        del fields["shift_every"]
    if not run.key:
        for name in ("split", "init", "init_seed", "order_seed", "noise_seed", "data"):
            del fields[name]
    flat: dict[str, Any] = {}
    for name, value in (fields | run.network | run.regularizers).items():
        flat |= (
            {f"{name}.{key}": strength for key, strength in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return {name: str(value) for name, value in flat.items()}


def _summary(name: str, records: Sequence[Record]) -> dict[str, float]:
    """Return the mean of a final score and its interval over training sets, or over the inits of one."""
    splits: dict[int, list[float]] = {}
    for record in records:
        splits.setdefault(record.run.split, []).append(record.final[name])
    values = list(splits.values())
    means = values[0] if len(values) == 1 else [np.mean(of_split) for of_split in values]
    summary = {f"{FINAL}{name}": _storable(float(np.mean(means)))}
    if len(means) > 1 and np.isfinite(means).all():
        interval = comparison.mean_interval(means)
        summary |= {f"{LOW}{name}": interval.low, f"{HIGH}{name}": interval.high}
    return summary


def _storable(value: float) -> float:
    """Return what a database gives back: it keeps NaN, and has no infinity."""
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else float(value)


# ---- descriptions ----


def _run_note(run: Run) -> str:
    kind = "A replicate of" if run.trial is None else f"A trial of candidate {run.trial} of"
    return (
        f"{kind} `{run.cell}`: training set `{run.training_set}`, initialisation {run.init}.\n\n"
        f"In `results/runs/` its run key is `{run.key}`: equal keys, equal bits on one class of processor."
    )


def _cell_note(cell: Cell, metrics: dict[str, float]) -> str:
    run = cell.reported[0].run if cell.reported else cell.planned[0]
    lines = [
        f"**{run.variant}** in the setting `{run.setting}`"
        + (f", {run.label}, for the question {run.question}." if run.question else "."),
        "",
    ]
    lines += list(methods(run))
    means = list(_means(metrics))
    if means:
        lines += ["", f"Means over {len(cell.reported)} runs, with {PERCENT} intervals:", "", *means]
    if cell.choice is not None and cell.choice.losses:
        tried = ", ".join(f"{loss:.4f}" for loss in cell.choice.losses)
        lines += [
            "",
            f"Candidate {cell.choice.candidate} of {len(cell.choice.losses)} was chosen by its validation "
            f"cross-entropy in trials on other training sets: {tried} nats.",
        ]
    return "\n".join(lines)


def methods(run: Run) -> Iterable[str]:
    """Return a line of markdown for every regularizer of a run: its strengths, what it is, its formula."""
    if not run.regularizers:
        yield "No regularizer: what the others are compared with."
    for name, fields in run.regularizers.items():
        kind = regularizers.discover()[name]
        what = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        yield f"- `{name}` ({', '.join(f'{key} {value:g}' for key, value in fields.items())}): {what}"


def _means(metrics: Mapping[str, float]) -> Iterable[str]:
    """Return a line for every score that the runs of a cell recorded: its mean and the limits of that."""
    for metric in recorded():
        mean, low, high = (metrics.get(f"{prefix}{metric.name}") for prefix in (FINAL, LOW, HIGH))
        if mean is None:
            continue
        limits = "" if low is None or high is None else f" [{metric.written(low)}, {metric.written(high)}]"
        yield f"- {metric.label}: {metric.written(mean)}{limits} {metric.unit}".rstrip()
