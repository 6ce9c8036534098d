"""What DVC keeps of the study, cell by cell: all that MLflow is to show."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import plan, records
from pipeline.errors import UserError
from pipeline.plan import Plan, Run
from pipeline.records import Choice, Record


@dataclass(frozen=True)
class Cell:
    """A cell of a part: its runs as planned, whatever is chosen, and those that are finished."""

    part: str
    planned: tuple[Run, ...]
    reported: tuple[Record, ...] = ()
    trials: tuple[Record, ...] = ()
    choice: Choice | None = None

    @property
    def name(self) -> str:
        """Return the setting, the variant and, in a probe, the point."""
        return self.planned[0].cell

    @property
    def key(self) -> str:
        """Return the digest of the planned runs: the same cell of another revision has another."""
        return hashlib.sha256("".join(run.key for run in self.planned).encode()).hexdigest()[:32]

    @property
    def finished(self) -> tuple[Record, ...]:
        """Return every record, trials first."""
        return (*self.trials, *self.reported)


def planned(part: str, cells: Plan) -> list[Cell]:
    """Return the cells of a plan of which nothing is finished."""
    return [Cell(part, tuple(plan.every_run({name: listed}))) for name, listed in cells.items()]


def parts(root: Path) -> list[str]:
    """Return the parts of the study, in no order of importance. Raises UserError where nothing is planned."""
    found = sorted(path.stem for path in (root / records.PLANS).glob("*.json"))
    if not found:
        raise UserError(
            f"{records.PLANS}: expected what DVC keeps of the study, found nothing; run dvc repro or dvc pull"
        )
    return found


def read(root: Path, part: str) -> list[Cell]:
    """Return the cells of a part as they are finished.

    Raises UserError where they are missing, or are not those that are planned.
    """
    cells = planned(part, plan.read(root / records.PLANS / f"{part}.json"))
    if not (root / records.RUNS / part).exists():
        raise UserError(
            f"{records.RUNS / part}: expected its outputs, found none; run dvc repro, checkout or pull"
        )
    reported, trials = _by_cell(records.read(root, part)), _by_cell(records.read_trials(root, part))
    choices = records.read_choices(root, part)
    return [
        _checked(
            Cell(
                part,
                cell.planned,
                reported.get(cell.name, ()),
                trials.get(cell.name, ()),
                choices.get(cell.name),
            )
        )
        for cell in cells
    ]


def _checked(cell: Cell) -> Cell:
    known = {run.key for run in cell.planned}
    if cell.choice is None or not cell.reported or not {one.run.key for one in cell.finished} <= known:
        raise UserError(
            f"{records.RUNS / cell.part}: expected the runs of {cell.name} that are planned, received "
            "others; run dvc repro"
        )
    return cell


def _by_cell(found: Sequence[Record]) -> dict[str, tuple[Record, ...]]:
    return {name: tuple(group) for name, group in itertools.groupby(found, lambda record: record.run.cell)}
