"""What a training stage leaves on disk: written by train; read by evaluate, report and tracking.

One folder a part of the study. Byte for byte the same when the same runs are done again, so nothing in
it tells the time; how long the runs took is written apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipeline import untrusted
from pipeline.files import emptied, removed
from pipeline.plan import Plan, Run, every_run
from pipeline.untrusted import Content

PLANS = Path("results/plan")
RUNS = Path("results/runs")
TIMING = Path("results/timing")
KEPT = Path("results/kept")
LOGITS, WEIGHTS = "logits.npy", "weights.npz"  # in the folder of a cell


@dataclass(frozen=True)
class Record:
    """The numbers of one finished run.

    `history` holds a value an epoch (E,) of the training loss as optimised, and of cross-entropy and
    error on train and, where images are held out, on validation; `final` the scores of the final weights
    on every part, and the number of epochs.
    """

    run: Run
    history: dict[str, np.ndarray]
    final: dict[str, float]


@dataclass(frozen=True)
class Result(Record):
    """One finished run, whole.

    `logits` (M, C) of the test images; `weights`, every array of the network by its path; `seconds`, the
    wall time by phase.
    """

    logits: np.ndarray
    weights: dict[str, np.ndarray]
    seconds: dict[str, float]


# What is not finite, of a run that diverged, is written as a text: JSON has no such number.
WRITTEN = ConfigDict(extra="forbid", frozen=True, strict=True, ser_json_inf_nan="strings")
Number = Annotated[float, Field(strict=False)]


@dataclass(frozen=True)
class Epochs:
    """What is known of a run that is still trained: its history so far, after so many seconds."""

    run: Run
    history: dict[str, np.ndarray]
    seconds: float


class Choice(BaseModel):
    """Which candidate was chosen in a cell.

    `losses` holds the mean validation cross-entropy (nats) of every candidate, where there were several.
    """

    model_config = WRITTEN

    candidate: int
    losses: list[Number]


class _Row(BaseModel):
    model_config = WRITTEN

    run: Run
    final: dict[str, Number]
    history: dict[str, list[Number]]


class _KeptRow(BaseModel):
    model_config = WRITTEN

    run: Run
    final: dict[str, Number]
    seconds: dict[str, float]


_rows = TypeAdapter(list[_Row])
_choices = TypeAdapter(dict[str, Choice])
_timing = TypeAdapter(dict[str, dict[str, float]])


def write(root: Path, part: str, results: Sequence[Result]) -> None:
    """Write the results of a part, in the order of its plan, and their timing apart.

    Of a trial the numbers alone.
    """
    reported = [result for result in results if result.run.trial is None]
    trials = [result for result in results if result.run.trial is not None]
    folder = emptied(root / RUNS / part)
    for cell, members in itertools.groupby(reported, key=lambda result: result.run.cell):
        group = list(members)
        own = emptied(folder / cell)
        stacked = {path: np.stack([r.weights[path] for r in group]) for path in group[0].weights}
        np.savez(own / WEIGHTS, allow_pickle=False, **stacked)
        logits = np.stack([r.logits for r in group])
        np.save(own / LOGITS, logits, allow_pickle=False)
    _write(folder / "runs.json", _rows, list(map(_row, reported)))
    _write(folder / "trials.json", _rows, list(map(_row, trials)))
    (root / TIMING).mkdir(parents=True, exist_ok=True)
    _write(root / TIMING / f"{part}.json", _timing, {r.run.key: r.seconds for r in results})


def write_choices(root: Path, part: str, choices: Mapping[str, Choice]) -> None:
    """Write what was chosen in every cell, beside the results."""
    _write(root / RUNS / part / "choices.json", _choices, dict(choices))


def read(root: Path, part: str) -> list[Record]:
    """Read the numbers of a part's runs, in the order of its plan."""
    return _read(root / RUNS / part / "runs.json")


def read_trials(root: Path, part: str) -> list[Record]:
    """Read the numbers of a part's trials, in the order of its plan."""
    return _read(root / RUNS / part / "trials.json")


def read_choices(root: Path, part: str) -> dict[str, Choice]:
    """Read what was chosen in every cell."""
    return untrusted.parsed(root / RUNS / part / "choices.json", _choices)


def _read(path: Path) -> list[Record]:
    return [
        Record(
            run=row.run,
            history={name: np.array(values) for name, values in row.history.items()},
            final=row.final,
        )
        for row in untrusted.parsed(path, _rows)
    ]


def timed(root: Path, part: str) -> set[str]:
    """Return the keys of the runs of a part that were finished on this machine; none where none were."""
    path = root / TIMING / f"{part}.json"
    if not path.exists():
        return set()
    seconds: dict[str, dict[str, float]] = untrusted.parsed(path, _timing)
    return set(seconds)


def read_logits(root: Path, part: str, cell: str) -> np.ndarray:
    """Map the test logits (R, M, C) of the runs of a cell, in the order of the plan."""
    return untrusted.array(root / RUNS / part / cell / LOGITS, axes=3)


def read_weights(root: Path, part: str, cell: str) -> dict[str, np.ndarray]:
    """Read the final weights (R, ...) of the runs of a cell, by their paths, in the order of the plan."""
    return untrusted.arrays(root / RUNS / part / cell / WEIGHTS)


def keep(root: Path, result: Result) -> None:
    """Keep one finished run of an unfinished stage, whole or not at all."""
    folder = root / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    row = _KeptRow(run=result.run, final=result.final, seconds=result.seconds).model_dump_json()
    arrays = {f"history/{name}": values for name, values in result.history.items()}
    arrays |= {f"weights/{path}": values for path, values in result.weights.items()}
    part = folder / f"{result.run.key}.part"
    part.unlink(missing_ok=True)  # a link is replaced, never written through
    with part.open("xb") as file:
        np.savez(file, allow_pickle=False, row=np.array(row), logits=result.logits, **arrays)
    part.replace(folder / f"{result.run.key}.npz")


def kept(root: Path, runs: Iterable[Run]) -> list[Result]:
    """Return those of `runs` that are kept."""
    paths = {run: root / KEPT / f"{run.key}.npz" for run in runs}
    return [_kept(path, run) for run, path in paths.items() if path.exists()]


def release(root: Path, runs: Iterable[Run]) -> None:
    """Forget the kept runs of a finished stage."""
    for run in runs:
        (root / KEPT / f"{run.key}.npz").unlink(missing_ok=True)


def prune(root: Path, planned: Mapping[str, Plan]) -> None:
    """Remove what no plan names any more: folders of parts, which DVC leaves behind, and kept runs."""
    keys = {run.key for plan in planned.values() for run in every_run(plan)}
    for folder in (root / RUNS).glob("*"):
        if folder.is_dir() and folder.name not in planned:
            removed(folder)
    for path in (root / KEPT).glob("*"):
        if path.stem not in keys:
            path.unlink()


def _row(result: Result) -> _Row:
    history = {name: values.tolist() for name, values in result.history.items()}
    return _Row(run=result.run, final=result.final, history=history)


def _kept(path: Path, run: Run) -> Result:
    arrays = untrusted.arrays(path)
    with untrusted.reading(path):
        row = _KeptRow.model_validate_json(str(arrays["row"]))
        if row.run != run:
            raise ValueError(f"the run {row.run.key}")
        return Result(
            run=run,
            history=_below(arrays, "history/"),
            final=row.final,
            logits=arrays["logits"],
            weights=_below(arrays, "weights/"),
            seconds=row.seconds,
        )


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}


def _write(path: Path, kind: TypeAdapter[Content], content: Content) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(kind.dump_json(content) + b"\n")
