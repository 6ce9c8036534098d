"""A part of a study, planned, recorded and written as a training stage does it, but for the training."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import plan, records
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Result
from pipeline.tracking import Recorder


def planned(runs: Sequence[Run]) -> Plan:
    """A plan with one candidate a cell, of these runs."""
    return {
        cell: [
            Candidate(
                trials=[run for run in group if run.trial is not None],
                runs=[run for run in group if run.trial is None],
            )
        ]
        for cell, members in itertools.groupby(runs, lambda run: run.cell)
        if (group := list(members))
    }


def write(root: Path, part: str, results: Sequence[Result]) -> None:
    """Write what DVC keeps of a part beside what is there."""
    runs = [result.run for result in results]
    path = root / records.PLANS
    others = {one.stem: plan.read(one) for one in path.glob("*.json")}
    plan.write(path, others | {part: planned(runs)})
    cells = planned(runs)
    order = {run.key: place for place, run in enumerate(plan.every_run(cells))}
    records.write(root, part, sorted(results, key=lambda result: order[result.run.key]))
    records.write_choices(root, part, {cell: Choice(candidate=0, losses=[]) for cell in cells})


@dataclass(frozen=True)
class Stage:
    """A training stage of a part; `map` is one whose networks are not logged."""

    root: Path
    result: Callable[[Run], Result]
    part: str = "map"

    def record(self, runs: Iterable[Run]) -> list[Result]:
        """Record runs that are finished in any order, write them, and finish."""
        own = list(runs)
        results = [self.result(run) for run in own]
        with Recorder(self.part, planned(own)) as recorder:
            for result in reversed(results):
                recorder.record(result)
            write(self.root, self.part, results)
            recorder.finish(self.root)
        return results

    def break_off(self, runs: Sequence[Run], finished: int, error: BaseException) -> None:
        """Record the first runs, and end with the error."""
        with Recorder(self.part, planned(runs)) as recorder:
            for run in runs[:finished]:
                recorder.record(self.result(run))
            raise error
