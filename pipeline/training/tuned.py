"""The runs of one part of the study: the trials of its candidates, then the runs of the chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import tuning
from pipeline.plan import Plan
from pipeline.records import Epochs, Result
from pipeline.training import fanout


@contextmanager
def training(root: Path, plan: Plan) -> Iterator[Iterator[Result | Epochs]]:
    """Train a plan as `fanout.training` does: what is tuned when its trials are done, the rest at once."""
    # In one go, so that no worker waits for a choice that concerns others.
    first = [run for listed in plan.values() for one in listed for run in one.trials or one.runs]
    with fanout.training(root, first) as events:
        yield _with_the_chosen(root, plan, events)


def _with_the_chosen(root: Path, plan: Plan, events: Iterator[Result | Epochs]) -> Iterator[Result | Epochs]:
    finished = {}
    for event in events:
        if isinstance(event, Result):
            finished[event.run.key] = event
        yield event
    choices = tuning.choose(plan, finished)
    chosen = [run for run in tuning.chosen(plan, choices) if run.key not in finished]
    with fanout.training(root, chosen) as others:
        yield from others
