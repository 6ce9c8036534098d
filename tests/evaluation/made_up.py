"""A finished study of a few made-up runs, written as training stages write it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline import plan, records
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Result

LABELS = np.array([0, 1, 2, 1] * 5, np.uint8)  # 20 images, 3 classes


def made_up(run: Run) -> Result:
    """Numbers that only this run has; `drop` stops its first run after 2 epochs, others take 4."""
    rng = np.random.default_rng([ord(run.setting[0]), ord(run.variant[0]), run.split, run.init])
    epochs = 2 if run.variant == "drop" and run.split == run.init == 0 else 4
    parts = ("train_error", "train_cross_entropy", "test_error", "test_cross_entropy")
    series = ("loss", "train_error", "validation_cross_entropy")
    return Result(
        run=run,
        history={name: rng.random(epochs) for name in series},
        final={**{name: float(rng.random()) for name in parts}, "epochs": epochs},
        processor="a processor",
        logits=rng.normal(0, 2, size=(20, 3)).astype(np.float32),
        weights={"logits/bias": np.zeros(3, np.float32)},
        seconds={"training": 1.0},
    )


def planned(runs: Sequence[Run]) -> Plan:
    """A plan with one candidate a cell, and no trials."""
    by_cell: dict[str, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    return {name: [Candidate(trials=[], runs=of_cell)] for name, of_cell in by_cell.items()}


def write(
    root: Path, stage: str, asked: Plan | Sequence[Run], choices: Mapping[str, Choice] | None = None
) -> None:
    """Write the results of a stage: of a plan and what was chosen, or of runs with nothing to choose."""
    cells = asked if isinstance(asked, dict) else planned(asked)
    chosen = choices or {name: Choice(candidate=0, losses=[]) for name in cells}
    results = {run.key: made_up(run) for run in plan.every_run(cells)}
    records.write(root, stage, cells, chosen, results)
