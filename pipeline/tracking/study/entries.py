"""What a run of MLflow says: a function of what DVC keeps, so that it can be written again and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.plan import Run
from pipeline.records import Record
from pipeline.system.checkout import ROOT
from pipeline.tracking.agreement import Drawn, Entry, digest_of
from pipeline.tracking.study import notes, sources, summary
from pipeline.tracking.study.candidates import chosen
from pipeline.tracking.study.outputs import Cell

FINAL, EPOCH = "final/", "epoch/"
KIND, STAGE = "kind", "stage"
PLACE = ("variant", "setting", "question", "label")  # tags that say which cell a run belongs to
CURVES = "curves.png"


def of_run(record: Record, root: Path = ROOT, seconds: float = 0.0) -> Entry:
    """Return the entry of one Keras run, which took so long; `root` has the data that it was trained on."""
    run = record.run
    return Entry(
        key=run.key,
        name=run.name,
        tags={
            **_place(run),
            KIND: "run" if run.trial is None else "trial",
            "split": str(run.split),
            "init": str(run.init),
        },
        params=parameters(run),
        metrics={f"{FINAL}{name}": value for name, value in record.final.items()},
        curves=of_curves(record.history),
        note=notes.of_run(run),
        data=sources.of_run(run, root),
        seconds=seconds,
    )


def of_curves(history: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Return the curves of a history under their names in MLflow, the gap between two of them among these.

    The parts of one score share the beginning of their names, by which MLflow puts charts together.
    """
    curves = {}
    for name, values in {**history, **_gaps(history)}.items():
        part, score = re.fullmatch(r"(?:(train|validation|gap)_)?(.+)", name).groups()  # type: ignore[union-attr]
        curves[f"{EPOCH}{score}/{part}" if part else f"{EPOCH}{score}"] = [float(value) for value in values]
    return curves


def _gaps(history: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return validation minus train of every score that has both."""
    scores = [name.removeprefix("train_") for name in history if name.startswith("train_")]
    with np.errstate(invalid="ignore"):  # of a run that diverged
        return {
            f"gap_{score}": history[f"validation_{score}"] - history[f"train_{score}"]
            for score in scores
            if f"validation_{score}" in history
        }


def of_cell(cell: Cell) -> Entry:
    """Return the entry of the parent of a cell: what its replicates share, their means and mean curves."""
    run, records = cell.planned[0], cell.reported
    tags = {**_place(run), KIND: "cell" if run.question else "variant", STAGE: cell.stage}
    tags["runs"] = str(len(records))
    metrics = summary.metrics(cell)
    if "test_error_percent" in metrics:
        tags["test_error_interval"] = summary.interval(metrics, "test_error_percent")
    if tried := chosen(cell):
        tags["candidate"] = tried
    means = summary.mean_curves(records)
    curves = of_curves(means)
    drawn = Drawn(
        digest_of([cell.name, {name: [repr(v) for v in values] for name, values in curves.items()}]),
        lambda: _draw(cell.name, curves),
    )
    return Entry(
        key=cell.key,
        name=cell.name,
        tags=tags,
        params=parameters(records[0].run.condition) if records else {},
        metrics=metrics,
        curves=curves,
        note=notes.of_cell(cell, metrics, tried),
        artifacts={CURVES: drawn} if curves and not run.question else {},
    )


def _draw(name: str, curves: Mapping[str, Sequence[float]]) -> bytes:
    from pipeline.tracking.study import picture  # which loads matplotlib

    return picture.of_curves(name, curves)


def _place(run: Run) -> dict[str, str]:
    return {name: value for name in PLACE if (value := getattr(run, name))}


def parameters(run: Run) -> dict[str, str]:
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
