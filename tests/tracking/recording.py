"""A stage of a study, planned, recorded and written as a training stage does it, but for the training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import plan, records
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Result
from pipeline.tracking import Recorder

MakeResult = Callable[[Run], Result]


def planned(runs: Sequence[Run]) -> Plan:
    """A plan with one candidate a cell, of these runs; cells may share runs, which have equal keys."""
    by_cell: dict[str, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    return {
        name: [
            Candidate(
                trials=[run for run in of_cell if run.trial is not None],
                runs=[run for run in of_cell if run.trial is None],
            )
        ]
        for name, of_cell in by_cell.items()
    }


def write(root: Path, stage: str, runs: Sequence[Run], result: MakeResult) -> None:
    """Write what DVC keeps of a stage beside what is there."""
    path, cells = root / records.PLANS, planned(runs)
    there = {file.stem: plan.read(file) for file in path.glob("*.json")}
    plan.write(path, there | {stage: cells})
    choices = {name: Choice(candidate=0, losses=[]) for name in cells}
    records.write(root, stage, cells, choices, {run.key: result(run) for run in plan.union(runs)})


@dataclass(frozen=True)
class Stage:
    """A training stage by its name."""

    root: Path
    result: MakeResult
    name: str = "ridge"

    def record(self, runs: Sequence[Run]) -> None:
        """Record runs that are finished in any order, each once, write them, and finish."""
        with Recorder(self.name, planned(runs)) as recorder:
            for run in reversed(plan.union(runs)):
                recorder.record(self.result(run))
            write(self.root, self.name, runs, self.result)
            recorder.finish(self.root)

    def break_off(self, runs: Sequence[Run], finished: int, error: BaseException) -> None:
        """Record the first runs, and end with the error."""
        with Recorder(self.name, planned(runs)) as recorder:
            for run in runs[:finished]:
                recorder.record(self.result(run))
            raise error
