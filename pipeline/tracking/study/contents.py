"""All that MLflow is to say of the study, from what DVC keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pipeline import records
from pipeline.system.errors import UserError
from pipeline.tracking.agreement import Contents, Group
from pipeline.tracking.study import entries, experiment, networks, outputs, report
from pipeline.tracking.study.outputs import Cell


def read(root: Path, *, current: bool | None = None) -> tuple[Contents, int, list[str]]:
    """Return the contents, how many Keras runs they hold, and a line for every stage that is not whole.

    `current` tells whether they are the present outputs; where it is None, whether this is the workspace.
    """
    cells, problems = _cells(root)
    seconds = _seconds(root)
    of_cells = [_group(root, cell, seconds) for cell in cells]
    contents = Contents(
        groups=[*of_cells, *report.group(root)],
        registered=networks.registered(cells),
        current=experiment.is_workspace() if current is None else current,
        whole=not problems,
    )
    return contents, sum(len(group.runs) for group in of_cells), problems


def _group(root: Path, cell: Cell, seconds: Mapping[str, float]) -> Group:
    runs = [entries.of_run(record, root, seconds.get(record.run.key, 0.0)) for record in cell.finished]
    whole = replace(entries.of_cell(cell), seconds=sum(run.seconds for run in runs))
    return Group(whole, runs, networks.of_cell(root, cell))


def _seconds(root: Path) -> dict[str, float]:
    """Return how long every run took that was trained in this checkout, by its key."""
    seconds: dict[str, float] = {}
    for path in (root / records.TIMING).glob("*.json"):
        with suppress(OSError, ValueError, AttributeError, TypeError):  # nothing depends on it
            phases = json.loads(path.read_text(encoding="utf-8"))
            seconds |= {key: float(sum(of_run.values())) for key, of_run in phases.items()}
    return seconds


def _cells(root: Path) -> tuple[list[Cell], list[str]]:
    """Return the cells of every stage, and a line for every stage whose outputs are not whole."""
    cells: list[Cell] = []
    problems = []
    for stage in outputs.stages(root):
        try:
            cells += outputs.read(root, stage)
        except UserError as error:
            problems.append(str(error))
    return cells, problems
