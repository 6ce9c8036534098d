"""The choice of a candidate: the lowest validation loss over the trials. The test set plays no part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.plan import Candidate, Plan, Run, union
from pipeline.records import Choice, Record
from pipeline.system.errors import UserError


def choose(plan: Plan, finished: Mapping[str, Record]) -> dict[str, Choice]:
    """Return the choice in every cell, from the finished trials by run key; the first of equals."""
    return {cell: _choose(cell, candidates, finished) for cell, candidates in plan.items()}


def chosen(plan: Plan, choices: Mapping[str, Choice]) -> list[Run]:
    """Return the runs to report, each once, in the order of the cells."""
    return union(run for cell, choice in choices.items() for run in plan[cell][choice.candidate].runs)


def _choose(cell: str, candidates: Sequence[Candidate], finished: Mapping[str, Record]) -> Choice:
    if len(candidates) == 1:
        return Choice(candidate=0, losses=[])
    losses = [
        float(np.mean([finished[run.key].final["validation_cross_entropy"] for run in candidate.trials]))
        for candidate in candidates
    ]
    if not np.isfinite(losses).any():
        raise UserError(
            f"{cell}: expected a candidate with a finite validation loss, received none; "
            "give it milder candidates"
        )
    # argmin would take a NaN, of a candidate that diverged, for the lowest.
    return Choice(candidate=int(np.argmin(np.where(np.isfinite(losses), losses, np.inf))), losses=losses)
