"""A run, resolved, and the plan of a stage: the cells whose runs it trains."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipeline import networks
from pipeline.networks import Network
from pipeline.params import Optimizer
from pipeline.params.sections import Name
from pipeline.regularizers import discover
from pipeline.system import untrusted
from pipeline.system.files import emptied
from pipeline.system.untrusted import STEPS

# Who asks for a run, what it is called there, and where its data are: the key has their digest. Scores by
# epoch change nothing of what else a run leaves.
LABELS = {"setting", "variant", "question", "label", "source", "split", "init", "trial", "curves"}


class Run(BaseModel):
    """One training run, resolved: equal keys promise equal bits on one class of processor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: Name
    variant: Name
    question: Annotated[str, Field(pattern=r"^[a-z0-9_]*$")] = ""  # that asks for it beside the settings
    label: Annotated[str, Field(pattern=rf"^$|{STEPS}")] = ""  # which of the question's cells it belongs to
    source: str  # of the images, as `data` of the setting names it
    split: int  # the number of the training set; those to choose on count from the end, as -1
    init: int
    train_size: int
    validation_size: int
    network: dict[str, dict[str, Any]]
    optimizer: Optimizer
    epochs: int
    batch_size: int
    label_noise: float
    distractors: float = 0.0
    regularizers: dict[str, dict[str, Any]]
    shift_every: int = 0  # batches from one measurement of the covariate shift to the next; 0 is never
    curves: bool = True  # scored on train and validation after every epoch, not after the last alone
    trial: int | None = None  # the number of the candidate that is tried; a trial never sees the test set
    init_seed: int  # initial weights
    order_seed: int  # batch order
    noise_seed: int  # dropout masks and other noise
    data: str  # digest of the images and labels that the run sees
    code: str  # digest of the training code and its libraries
    key: Annotated[str, Field(pattern=r"^[\w-]*$")] = ""  # the name of a file, as the names above are

    @property
    def cell(self) -> str:
        """Return what its replicates share: setting, variant and, of a question, its name and the label."""
        return "/".join(filter(None, (self.setting, self.variant, self.question, self.label)))

    @property
    def architecture(self) -> Network:
        """Return its network, as the parameters describe it."""
        ((name, fields),) = self.network.items()
        return networks.discover()[name](**fields)

    @property
    def name(self) -> str:
        """Return a name that sorts by cell and replicate."""
        tried = "" if self.trial is None else f"trial-{self.trial:02d}-"
        return f"{self.cell}/{tried}{self.training_set}-init-{self.init:02d}"

    @property
    def training_set(self) -> str:
        """Return what its training set is called: a split that is reported, or one to choose on."""
        return f"split-{self.split:02d}" if self.split >= 0 else f"tuning-{-1 - self.split:02d}"

    @property
    def condition(self) -> Run:
        """Return the run without what tells its replicates apart; they share one graph."""
        same = {"trial": None, "split": 0, "init": 0, "init_seed": 0, "order_seed": 0, "noise_seed": 0}
        return self.model_copy(update={**same, "curves": True, "data": "", "key": ""})

    @property
    def scored(self) -> bool:
        """Tell whether it is scored after every epoch: for its curves, or for a callback to look at."""
        return self.curves or any(discover()[name].watches() for name in self.regularizers)

    def with_key(self) -> Run:
        """Return the run with the digest of all that its result depends on, and of nothing else."""
        content = self.model_dump(exclude={*LABELS, "key"}) | {"tested": self.trial is None}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
        return self.model_copy(update={"key": digest.hexdigest()[:32]})

    def __hash__(self) -> int:
        """Hash by the key, for lists and mappings have no hash."""
        return hash(self.key)


class Candidate(BaseModel):
    """A candidate of a cell: the trials to choose it by, and the runs if it is chosen.

    A cell with one candidate has no trials.
    """

    trials: list[Run]
    runs: list[Run]


Plan = dict[str, list[Candidate]]  # of one stage, by cell
_plan_file = TypeAdapter(Plan)


def union(runs: Iterable[Run]) -> list[Run]:
    """Return every run once, as it is called first; with curves where anybody looks at them."""
    united: dict[str, Run] = {}
    for run in runs:
        first = united.setdefault(run.key, run)
        if run.curves and not first.curves:
            united[run.key] = first.model_copy(update={"curves": True})
    return list(united.values())


def trials(plan: Plan) -> list[Run]:
    """Return the trials of all candidates, each once."""
    return union(run for candidates in plan.values() for candidate in candidates for run in candidate.trials)


def certain(plan: Plan) -> list[Run]:
    """Return the runs that are wanted whatever is chosen, each once."""
    return union(run for candidates in plan.values() if len(candidates) == 1 for run in candidates[0].runs)


def possible(plan: Plan) -> set[str]:
    """Return the keys of the runs of cells with several candidates."""
    several = [candidates for candidates in plan.values() if len(candidates) > 1]
    return {run.key for candidates in several for candidate in candidates for run in candidate.runs}


def every_run(plan: Plan) -> list[Run]:
    """Return all that a plan may train, each once: the trials, and the runs of whichever candidate."""
    listed = [candidate for candidates in plan.values() for candidate in candidates]
    return union(run for candidate in listed for run in (*candidate.trials, *candidate.runs))


def write(directory: Path, plans: Mapping[str, Plan]) -> None:
    """Write one file a stage, so that DVC sees which stages a change concerns."""
    emptied(directory)
    for stage, plan in plans.items():
        content = _plan_file.dump_json(plan, indent=1)
        (directory / f"{stage}.json").write_bytes(content + b"\n")


def read(path: Path) -> Plan:
    """Read the plan of one stage."""
    return untrusted.parsed(path, _plan_file)
