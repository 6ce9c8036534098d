"""What a training stage leaves on disk: written by train; read by evaluate, report and tracking.

One folder a variant. Byte for byte the same when the same runs are done again, so nothing in it tells
the time; how long the runs took is written apart.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from pipeline.files import emptied
from pipeline.plan import Plan, Run, every_run

PLANS = Path("results/plan")
RUNS = Path("results/runs")
TIMING = Path("results/timing")
KEPT = Path("results/kept")


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


class Choice(BaseModel):
    """Which candidate of a variant was chosen in a setting.

    `losses` holds the mean validation cross-entropy (nats) of every candidate, where there were several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidate: int
    losses: list[float]


def write(root: Path, variant: str, results: Sequence[Result]) -> None:
    """Write the results of a variant, in the order of its plan, and their timing apart.

    Of a trial the numbers alone.
    """
    reported = [result for result in results if result.run.trial is None]
    trials = [result for result in results if result.run.trial is not None]
    folder = emptied(root / RUNS / variant)
    for setting, members in itertools.groupby(reported, key=lambda result: result.run.setting):
        group = list(members)
        stacked = {path: np.stack([r.weights[path] for r in group]) for path in group[0].weights}
        np.savez(folder / f"{setting}_weights.npz", allow_pickle=False, **stacked)
        logits = np.stack([r.logits for r in group])
        np.save(folder / f"{setting}_logits.npy", logits, allow_pickle=False)
    _write_json(folder / "runs.json", list(map(_row, reported)))
    _write_json(folder / "trials.json", list(map(_row, trials)))
    (root / TIMING).mkdir(parents=True, exist_ok=True)
    _write_json(root / TIMING / f"{variant}.json", {r.run.key: r.seconds for r in results})


def write_choices(root: Path, variant: str, choices: Mapping[str, Choice]) -> None:
    """Write what was chosen in every setting, beside the results."""
    content = {setting: choice.model_dump() for setting, choice in choices.items()}
    _write_json(root / RUNS / variant / "choices.json", content)


def read(root: Path, variant: str) -> list[Record]:
    """Read the numbers of a variant's runs, in the order of its plan."""
    return _read(root / RUNS / variant / "runs.json")


def read_trials(root: Path, variant: str) -> list[Record]:
    """Read the numbers of a variant's trials, in the order of its plan."""
    return _read(root / RUNS / variant / "trials.json")


def read_choices(root: Path, variant: str) -> dict[str, Choice]:
    """Read what was chosen in every setting."""
    content = json.loads((root / RUNS / variant / "choices.json").read_text(encoding="utf-8"))
    return {setting: Choice.model_validate(choice) for setting, choice in content.items()}


def _read(path: Path) -> list[Record]:
    return [
        Record(
            run=Run.model_validate(row["run"]),
            history={name: np.array(values) for name, values in row["history"].items()},
            final=row["final"],
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def read_logits(root: Path, variant: str, setting: str) -> np.ndarray:
    """Map the test logits (R, M, C) of the runs of a variant in a setting, in the order of the plan."""
    logits: np.ndarray = np.load(
        root / RUNS / variant / f"{setting}_logits.npy", mmap_mode="r", allow_pickle=False
    )
    return logits


def read_weights(root: Path, variant: str, setting: str, number: int) -> dict[str, np.ndarray]:
    """Read the final weights of run `number` of a variant in a setting, by their paths."""
    path = root / RUNS / variant / f"{setting}_weights.npz"
    with np.load(path, allow_pickle=False) as stacked:
        return {name: stacked[name][number] for name in stacked.files}


def keep(root: Path, result: Result) -> None:
    """Keep one finished run of an unfinished stage, whole or not at all."""
    folder = root / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    row = {"run": result.run.model_dump(), "final": result.final, "seconds": result.seconds}
    arrays = {f"history/{name}": values for name, values in result.history.items()}
    arrays |= {f"weights/{path}": values for path, values in result.weights.items()}
    part = folder / f"{result.run.key}.part"
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, row=np.array(json.dumps(row)), logits=result.logits, **arrays)
    part.replace(folder / f"{result.run.key}.npz")


def kept(root: Path, runs: Iterable[Run]) -> list[Result]:
    """Return those of `runs` that are kept."""
    paths = [root / KEPT / f"{run.key}.npz" for run in runs]
    return [_kept(path) for path in paths if path.exists()]


def release(root: Path, runs: Iterable[Run]) -> None:
    """Forget the kept runs of a finished stage."""
    for run in runs:
        (root / KEPT / f"{run.key}.npz").unlink(missing_ok=True)


def prune(root: Path, planned: Mapping[str, Plan]) -> None:
    """Remove what no plan names any more: folders of variants, which DVC leaves behind, and kept runs."""
    keys = {run.key for plan in planned.values() for run in every_run(plan)}
    for folder in (root / RUNS).glob("*"):
        if folder.is_dir() and folder.name not in planned:
            shutil.rmtree(folder)
    for path in (root / KEPT).glob("*"):
        if path.stem not in keys:
            path.unlink()


def _row(result: Result) -> dict[str, Any]:
    return {
        "run": result.run.model_dump(),
        "final": result.final,
        "history": {name: values.tolist() for name, values in result.history.items()},
    }


def _kept(path: Path) -> Result:
    with np.load(path, allow_pickle=False) as arrays:
        row = json.loads(str(arrays["row"]))
        return Result(
            run=Run.model_validate(row["run"]),
            history=_below(arrays, "history/"),
            final=row["final"],
            logits=arrays["logits"],
            weights=_below(arrays, "weights/"),
            seconds=row["seconds"],
        )


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")
