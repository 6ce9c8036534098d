"""What DVC keeps of the study, cell by cell: all that MLflow is to show."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import plan, records
from pipeline.plan import Plan, Run
from pipeline.records import Choice, FinishedCell, Record
from pipeline.system.errors import UserError
from pipeline.tracking.agreement import digest_of

SUMMARY = Path("reports/tables/summary.csv")
Tabled = Mapping[str, tuple[float, float, float]]  # estimate, low and high by metric


@dataclass(frozen=True)
class Cell:
    """A cell of a training stage: its runs as planned, whatever is chosen, and those that are finished.

    Cells may share runs. A run belongs to the first that has it: `owned` holds the keys of a cell's own.
    `tabled` is what the report's tables say of a cell of the settings.
    """

    stage: str
    planned: tuple[Run, ...]
    reported: tuple[Record, ...] = ()
    trials: tuple[Record, ...] = ()
    choice: Choice | None = None
    owned: frozenset[str] = frozenset()
    tabled: Tabled = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the setting, the variant and, of a question, its name and label."""
        return self.planned[0].cell

    @property
    def key(self) -> str:
        """Return the digest of its name and planned runs: the same cell of another revision has another.

        Two cells may plan equal runs, as those of a variant and its copy do.
        """
        return digest_of([self.name, *(run.key for run in self.planned)])

    @property
    def finished(self) -> tuple[Record, ...]:
        """Return the records of its own runs, trials first; candidates that are equal share theirs."""
        first: dict[str, Record] = {}
        for record in (*self.trials, *self.reported):
            if record.run.key in self.owned:
                first.setdefault(record.run.key, record)
        return tuple(first.values())


def planned(stage: str, cells: Plan) -> list[Cell]:
    """Return the cells of a plan of which nothing is finished."""
    return [Cell(stage, tuple(plan.every_run({name: candidates}))) for name, candidates in cells.items()]


def stages(root: Path) -> list[str]:
    """Return the training stages, in no order of importance. Raises UserError where nothing is planned."""
    names = sorted(path.stem for path in (root / records.PLANS).glob("*.json"))
    if not names:
        raise UserError(
            f"{records.PLANS}: expected what DVC keeps of the study, found nothing; run dvc repro or dvc pull"
        )
    return names


def read(root: Path, stage: str) -> list[Cell]:
    """Return the cells of a stage that have runs of their own, as they are finished.

    Raises UserError where they are missing, or are not those that are planned.
    """
    cells = planned(stage, plan.read(root / records.PLANS / f"{stage}.json"))
    if not (root / records.RUNS / stage).exists():
        raise UserError(
            f"{records.RUNS / stage}: expected its outputs, found none; run dvc repro, checkout or pull"
        )
    return list(_owners(cells, records.cells(root, stage), _tabled(root)))


def _tabled(root: Path) -> dict[str, Tabled]:
    """Return the report's summary by cell; nothing where it is not made yet, or is being made."""
    tabled: dict[str, dict[str, tuple[float, float, float]]] = {}
    try:
        with (root / SUMMARY).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                estimate, low, high = (float(row[name] or "nan") for name in ("estimate", "low", "high"))
                tabled.setdefault(f"{row['setting']}/{row['variant']}", {})[row["metric"]] = (
                    estimate,
                    low,
                    high,
                )
    except (OSError, KeyError, ValueError):
        return {}
    return dict(tabled)


def _owners(
    cells: list[Cell], finished: Mapping[str, FinishedCell], tabled: Mapping[str, Tabled]
) -> Iterator[Cell]:
    seen: set[str] = set()
    for cell in cells:
        known = {run.key for run in cell.planned}
        made = finished.get(cell.name)
        runs = [record.run.key for record in (*made.trials, *made.reported)] if made else []
        if made is None or not made.reported or not set(runs) <= known:
            raise UserError(
                f"{records.RUNS / cell.stage}: expected the runs of {cell.name} that are planned, received "
                "others; run dvc repro"
            )
        owned = frozenset(runs) - seen
        seen |= owned
        if owned:
            yield Cell(
                cell.stage,
                cell.planned,
                tuple(made.reported),
                tuple(made.trials),
                made.choice,
                owned,
                tabled.get(cell.name, {}),
            )
