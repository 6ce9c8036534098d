"""The runs that the parameters imply, part by part, and their keys."""

from pipeline.plan.code import TRAINING_CODE, code_digest, version
from pipeline.plan.resolve import resolve
from pipeline.plan.runs import Candidate, Plan, Run, count, every_run, expected_work, read, trials, write

__all__ = [
    "TRAINING_CODE",
    "Candidate",
    "Plan",
    "Run",
    "code_digest",
    "count",
    "every_run",
    "expected_work",
    "read",
    "resolve",
    "trials",
    "version",
    "write",
]
