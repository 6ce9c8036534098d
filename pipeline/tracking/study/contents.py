"""All that MLflow is to say of the study, from what DVC keeps."""

from __future__ import annotations

from pathlib import Path

from pipeline.system.errors import UserError
from pipeline.tracking.agreement import Contents, Group
from pipeline.tracking.study import entries, experiment, networks, outputs, report
from pipeline.tracking.study.outputs import Cell


def read(root: Path, *, current: bool | None = None) -> tuple[Contents, int, list[str]]:
    """Return the contents, how many Keras runs they hold, and a line for every stage that is not whole.

    `current` tells whether they are the present outputs; where it is None, whether this is the workspace.
    """
    cells, problems = _cells(root)
    of_cells = [
        Group(
            entries.of_cell(cell),
            [entries.of_run(record, root) for record in cell.finished],
            networks.of_cell(root, cell),
        )
        for cell in cells
    ]
    contents = Contents(
        groups=[*of_cells, *report.group(root)],
        registered=networks.registered(cells),
        current=experiment.is_workspace() if current is None else current,
        whole=not problems,
    )
    return contents, sum(len(group.runs) for group in of_cells), problems


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
