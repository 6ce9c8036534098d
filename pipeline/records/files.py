"""What a training stage leaves on disk: written by train; read by evaluate, the questions and tracking.

One folder a stage: the numbers of its runs, which runs its cells are made of, and an archive of arrays for
every run that is reported. Byte for byte the same when the same runs are done again on the same class of
processor, so nothing in it tells the time; how long the runs took is written apart.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipeline.plan import Plan, Run
from pipeline.system import untrusted
from pipeline.system.files import emptied, removed
from pipeline.system.untrusted import Content

PLANS = Path("results/plan")
RUNS = Path("results/runs")
TIMING = Path("results/timing")
SCORED = ("train_", "validation_")  # how the names of scores by epoch begin
NUMBERS, CELLS = "runs.json", "cells.json"  # in the folder of a stage, beside the archives


@dataclass(frozen=True)
class Record:
    """The numbers of one finished run.

    `history` holds a value an epoch (E,) of the training loss as optimised, and of cross-entropy and
    error on train and, where images are held out, on validation; `final` the scores of the final weights
    on every part, and the number of epochs. `processor` is the class of processor that trained it.
    """

    run: Run
    history: dict[str, np.ndarray]
    final: dict[str, float]
    processor: str


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


class Choice(BaseModel):
    """Which candidate was chosen in a cell.

    `losses` holds the mean validation cross-entropy (nats) of every candidate, where there were several.
    """

    model_config = WRITTEN

    candidate: int
    losses: list[Number]


class Row(BaseModel):
    """The numbers of one finished run, as they are written."""

    model_config = WRITTEN

    run: Run
    final: dict[str, Number]
    history: dict[str, list[Number]]
    processor: str

    def record(self) -> Record:
        """Return the record."""
        history = {name: np.array(values) for name, values in self.history.items()}
        return Record(run=self.run, history=history, final=self.final, processor=self.processor)


class _Cell(BaseModel):
    model_config = WRITTEN

    choice: Choice
    trials: list[Run]
    runs: list[Run]


@dataclass(frozen=True)
class FinishedCell:
    """What became of a planned cell: choice, trials and runs to report, as the cell calls them."""

    choice: Choice
    trials: list[Record]
    reported: list[Record]


_rows = TypeAdapter(list[Row])
_cells = TypeAdapter(dict[str, _Cell])
_timing = TypeAdapter(dict[str, dict[str, float]])


def write(
    root: Path, stage: str, plan: Plan, choices: Mapping[str, Choice], results: Mapping[str, Result]
) -> None:
    """Write the results of a stage, by run key, and their timing apart.

    Trials keep their numbers only.
    """
    folder = emptied(root / RUNS / stage)
    cells = {
        name: _Cell(
            choice=choices[name],
            trials=[run for candidate in candidates for run in candidate.trials],
            runs=candidates[choices[name].candidate].runs,
        )
        for name, candidates in plan.items()
    }
    wanted = {run.key: None for cell in cells.values() for run in (*cell.trials, *cell.runs)}
    for key in wanted:
        result = results[key]
        if result.run.trial is None:
            with archive(root, stage, key).open("xb") as file:
                savez(file, arrays(result))
    _write(folder / NUMBERS, _rows, [row(results[key]) for key in wanted])
    _write(folder / CELLS, _cells, cells)
    (root / TIMING).mkdir(parents=True, exist_ok=True)
    _write(root / TIMING / f"{stage}.json", _timing, {key: results[key].seconds for key in wanted})


def cells(root: Path, stage: str) -> dict[str, FinishedCell]:
    """Read the finished cells of a stage, in the order of its plan; UserError for what it did not write."""
    path = root / RUNS / stage / CELLS
    written = untrusted.parsed(path, _cells)
    records = {row.run.key: row.record() for row in rows(root / RUNS / stage / NUMBERS)}
    with untrusted.reading(path):
        return {
            name: FinishedCell(
                cell.choice,
                [replace(records[run.key], run=run) for run in cell.trials],
                [replace(records[run.key], run=run) for run in cell.runs],
            )
            for name, cell in written.items()
        }


def rows(path: Path) -> list[Row]:
    """Read the numbers of a stage's runs, each once."""
    return untrusted.parsed(path, _rows)


def processors(root: Path, stages: Iterable[str]) -> Counter[str]:
    """Count the runs that every class of processor trained."""
    return Counter(row.processor for stage in stages for row in rows(root / RUNS / stage / NUMBERS))


def timed(root: Path, stage: str) -> set[str]:
    """Return the keys of the runs of a stage that were finished in this checkout; none where none were."""
    path = root / TIMING / f"{stage}.json"
    if not path.exists():
        return set()
    seconds: dict[str, dict[str, float]] = untrusted.parsed(path, _timing)
    return set(seconds)


def read_logits(root: Path, stage: str, key: str) -> np.ndarray:
    """Return the test logits (M, C) of a run that `stage` trained."""
    path = archive(root, stage, key)
    archived = untrusted.arrays(path, "logits")
    with untrusted.reading(path):
        return archived["logits"]


def read_weights(root: Path, stage: str, key: str) -> dict[str, np.ndarray]:
    """Return the final weights of a run that `stage` trained, by their paths."""
    return below(untrusted.arrays(archive(root, stage, key), "weights/"), "weights/")


def archive(root: Path, stage: str, key: str) -> Path:
    """Return where the arrays of a run are that `stage` trained."""
    return root / RUNS / stage / f"{key}.npz"


def arrays(result: Result) -> dict[str, np.ndarray]:
    """Return the arrays of a result by their names in an archive."""
    return {"logits": result.logits} | {f"weights/{path}": values for path, values in result.weights.items()}


def savez(file: BinaryIO, values: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name as `np.savez` does, and the same bytes under every version of Python.

    np.savez lets zipfile write a header before it knows the size, which its versions do in other ways.
    """
    with zipfile.ZipFile(file, "w") as written:
        for name, array in values.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            written.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())


def row(record: Record) -> Row:
    """Return the numbers of a record as they are written."""
    history = {name: values.tolist() for name, values in record.history.items()}
    return Row(run=record.run, final=record.final, history=history, processor=record.processor)


def below(archived: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): archived[name] for name in archived if name.startswith(prefix)}


def without_curves(record: Record) -> Record:
    """Return the record of a run as if it had been scored at its end alone."""
    history = {name: record.history[name] for name in record.history if not name.startswith(SCORED)}
    final = {name: value for name, value in record.final.items() if name != "best_epoch"}
    return replace(record, history=history, final=final)


def prune(root: Path, planned: Mapping[str, Plan]) -> None:
    """Remove the folders of stages that there are no more, which DVC leaves behind."""
    for folder in (root / RUNS).glob("*"):
        if folder.is_dir() and folder.name not in planned:
            removed(folder)


def _write(path: Path, kind: TypeAdapter[Content], content: Content) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(kind.dump_json(content) + b"\n")
