"""The runs of one part of the study: the trials of its candidates, then the runs of the chosen."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline import tuning
from pipeline.plan import Plan
from pipeline.records import Result
from pipeline.training.fanout import Event, Train


def trained(plan: Plan, train: Train) -> Iterator[Event]:
    """Train a plan: what is tuned when its trials are done, all else at once, before this returns."""
    # In one go, so that no worker waits for a choice that concerns others.
    first = [run for listed in plan.values() for one in listed for run in one.trials or one.runs]
    return _with_the_chosen(plan, train, train(first))


def _with_the_chosen(plan: Plan, train: Train, events: Iterator[Event]) -> Iterator[Event]:
    finished = {}
    for event in events:
        if isinstance(event, Result):
            finished[event.run.key] = event
        yield event
    choices = tuning.choose(plan, finished)
    yield from train([run for run in tuning.chosen(plan, choices) if run.key not in finished])
