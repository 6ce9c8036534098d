"""The runs of a stage: trials, and what is wanted whatever is chosen; then the runs of the chosen."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline import plan
from pipeline.plan import Plan
from pipeline.records import Result
from pipeline.training import tuning
from pipeline.training.fanout import Event, Train


def trained(planned: Plan, train: Train) -> Iterator[Event]:
    """Train a plan, each run once: what depends on no choice at once, before this returns."""
    # A run that may be chosen waits: only then is it known who asks for it, and whether for its curves.
    possible = plan.possible(planned)
    certain = [run for run in plan.certain(planned) if run.key not in possible]
    return _with_the_chosen(planned, train, train([*plan.trials(planned), *certain]))


def _with_the_chosen(planned: Plan, train: Train, events: Iterator[Event]) -> Iterator[Event]:
    finished = {}
    for event in events:
        if isinstance(event, Result):
            finished[event.run.key] = event
        yield event
    choices = tuning.choose(planned, finished)
    yield from train([run for run in tuning.chosen(planned, choices) if run.key not in finished])
