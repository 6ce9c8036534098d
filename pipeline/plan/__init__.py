"""What is asked for, as cells; and the runs that they imply, stage by stage, with their keys."""

from pipeline.plan.cells import Cell, of_settings
from pipeline.plan.code import TRAINING_CODE, code_digest, version
from pipeline.plan.cost import budget, expected, seconds
from pipeline.plan.resolve import resolve
from pipeline.plan.runs import (
    Candidate,
    Plan,
    Run,
    certain,
    every_run,
    possible,
    read,
    trials,
    union,
    write,
)

__all__ = [
    "TRAINING_CODE",
    "Candidate",
    "Cell",
    "Plan",
    "Run",
    "budget",
    "certain",
    "code_digest",
    "every_run",
    "expected",
    "of_settings",
    "possible",
    "read",
    "resolve",
    "seconds",
    "trials",
    "union",
    "version",
    "write",
]
