"""A run, resolved, and the plan of a part of the study: the runs that one stage trains."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipeline import untrusted
from pipeline.files import emptied
from pipeline.params import Optimizer
from pipeline.params.sections import Name
from pipeline.untrusted import STEPS


class Run(BaseModel):
    """One training run, resolved: equal keys promise equal bits on one class of processor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: Name
    variant: Name
    point: Annotated[str, Field(pattern=rf"^$|{STEPS}")] = ""  # where on the axis of a probe
    split: int
    init: int
    train_size: int
    validation_size: int
    hidden: list[int]
    activation: str
    optimizer: Optimizer
    epochs: int
    batch_size: int
    label_noise: float
    regularizers: dict[str, dict[str, Any]]
    shift_every: int = 0  # batches from one measurement of the covariate shift to the next; 0 is never
    curves: bool = True  # scored on train and validation after every epoch, not after the last alone
    trial: int | None = None  # the number of the candidate that is tried, on a training set for that
    init_seed: int  # initial weights
    order_seed: int  # batch order
    noise_seed: int  # dropout masks and other noise
    data: str  # digest of the images, the draw and the labels
    code: str  # digest of the training code and its libraries
    key: Annotated[str, Field(pattern=r"^[\w-]*$")] = (
        ""  # the name of a file, as setting, variant and point are
    )

    @property
    def cell(self) -> str:
        """Return what its replicates share: the setting, the variant and, in a probe, the point."""
        return "/".join(filter(None, (self.setting, self.variant, self.point)))

    @property
    def name(self) -> str:
        """Return a name that sorts by cell and replicate."""
        tried = "" if self.trial is None else f"trial-{self.trial:02d}-"
        return f"{self.cell}/{tried}split-{self.split:02d}-init-{self.init:02d}"

    @property
    def condition(self) -> Run:
        """Return the run without what tells its replicates apart; they share one graph."""
        own = {"trial": None, "split": 0, "init": 0, "init_seed": 0, "order_seed": 0, "noise_seed": 0}
        return self.model_copy(update={**own, "curves": True, "data": "", "key": ""})

    @property
    def work(self) -> int:
        """Return what its training costs, images x epochs, at most: it may stop early."""
        return self.train_size * self.epochs

    def with_key(self) -> Run:
        """Return the run with the digest of everything else in it."""
        content = json.dumps(self.model_dump(exclude={"key"}), sort_keys=True)
        return self.model_copy(update={"key": hashlib.sha256(content.encode()).hexdigest()[:32]})

    def __hash__(self) -> int:
        """Hash by the key, for lists and mappings have no hash."""
        return hash(self.key)


class Candidate(BaseModel):
    """A candidate of a cell: the trials to choose it by, and the runs if it is chosen.

    A cell with one candidate has no trials.
    """

    trials: list[Run]
    runs: list[Run]


Plan = dict[str, list[Candidate]]  # of one part of the study, by cell
_plan_file = TypeAdapter(Plan)


def trials(plan: Plan) -> list[Run]:
    """Return the trials of all candidates."""
    return [run for listed in plan.values() for one in listed for run in one.trials]


def count(plan: Plan) -> int:
    """Return how many runs are trained: the trials, and the runs of one candidate in every cell."""
    return len(trials(plan)) + sum(len(listed[0].runs) for listed in plan.values())


def expected_work(plan: Plan) -> int:
    """Return the work of all that is trained, images x epochs: of candidates to choose from, their mean."""
    chosen = [sum(run.work for one in listed for run in one.runs) // len(listed) for listed in plan.values()]
    return sum(run.work for run in trials(plan)) + sum(chosen)


def every_run(plan: Plan) -> list[Run]:
    """Return all that a plan may train: the trials, and the runs of whichever candidate."""
    return [run for listed in plan.values() for one in listed for run in (*one.trials, *one.runs)]


def write(directory: Path, plans: Mapping[str, Plan]) -> None:
    """Write one file a part, so that DVC sees which parts a change concerns."""
    emptied(directory)
    for part, plan in plans.items():
        content = _plan_file.dump_json(plan, indent=1)
        (directory / f"{part}.json").write_bytes(content + b"\n")


def read(path: Path) -> Plan:
    """Read the plan of one part."""
    return untrusted.parsed(path, _plan_file)
