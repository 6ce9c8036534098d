"""The finished runs of an unfinished stage, each whole in a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.plan import Plan, Run, every_run
from pipeline.records.files import Result, Row, arrays, below, row, savez, without_curves
from pipeline.system import untrusted

KEPT = Path("results/kept")


@dataclass(frozen=True)
class Epochs:
    """What is known of a run that is still trained: its history so far, after so many seconds."""

    run: Run
    history: dict[str, np.ndarray]
    seconds: float


class _KeptRow(Row):
    seconds: dict[str, float]


def keep(root: Path, result: Result) -> None:
    """Keep one finished run, whole or not at all."""
    folder = root / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    numbers = _KeptRow(**dict(row(result)), seconds=result.seconds).model_dump_json()
    part = folder / f"{result.run.key}.part"
    part.unlink(missing_ok=True)  # a link is replaced, never written through
    with part.open("xb") as file:
        savez(file, {"row": np.array(numbers)} | arrays(result))
    part.replace(_path(root, result.run))


def kept(root: Path, runs: Iterable[Run]) -> list[Result]:
    """Return those of `runs` that are kept, with curves where they are wanted."""
    results = [_kept(_path(root, run), run) for run in runs if is_kept(root, run)]
    return [result for result in results if result is not None]


def is_kept(root: Path, run: Run) -> bool:
    """Tell whether a run is kept."""
    return _path(root, run).exists()


def release(root: Path, runs: Iterable[Run]) -> None:
    """Forget the kept runs of a finished stage."""
    for run in runs:
        _path(root, run).unlink(missing_ok=True)


def prune(root: Path, planned: Mapping[str, Plan]) -> None:
    """Remove the kept runs that no plan names any more."""
    keys = {run.key for plan in planned.values() for run in every_run(plan)}
    for path in (root / KEPT).glob("*"):
        if path.stem not in keys:
            path.unlink()


def _path(root: Path, run: Run) -> Path:
    return root / KEPT / f"{run.key}.npz"


def _kept(path: Path, run: Run) -> Result | None:
    """Read a kept run as it would be trained now; None where its curves are wanted and are not there."""
    archived = untrusted.arrays(path)
    with untrusted.reading(path):
        numbers = _KeptRow.model_validate_json(str(archived["row"]))
        if numbers.run.key != run.key:
            raise ValueError(f"the run {numbers.run.key}")
        if run.scored and not numbers.run.scored:
            return None
        record = replace(numbers.record(), run=run)
        if numbers.run.scored and not run.scored:
            record = without_curves(record)
        weights = below(archived, "weights/")
        return Result(**vars(record), logits=archived["logits"], weights=weights, seconds=numbers.seconds)
