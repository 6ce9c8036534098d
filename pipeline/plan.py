"""The runs that the parameters imply, each with the key that names everything its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from pipeline.data.splits import seed
from pipeline.files import emptied
from pipeline.params import BASELINE, TUNED_BASELINE, Optimizer, Params, Setting

PACKAGE = Path(__file__).parent
# The code between a run's parameters and its bits. A regularizer's own file is added where it is used.
TRAINING_CODE = (
    "data/prepared.py",
    "data/splits.py",
    "regularizers/base.py",
    "science/softmax.py",
    "training/backend.py",
    "training/engine.py",
    "training/models.py",
    "training/optimizers.py",
    "training/trainer.py",
)


class Run(BaseModel):
    """One training run, resolved: equal keys promise equal bits on one class of processor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: str
    variant: str
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
    trial: int | None = None  # the number of the candidate that is tried, on a training set for that
    init_seed: int  # initial weights
    order_seed: int  # batch order
    noise_seed: int  # dropout masks and other noise
    data: str  # digest of the images, the draw and the labels
    code: str  # digest of the training code and its libraries
    key: str = ""

    @property
    def name(self) -> str:
        """Return a name that sorts by setting, variant and replicate."""
        tried = "" if self.trial is None else f"trial-{self.trial:02d}-"
        return f"{self.setting}/{self.variant}/{tried}split-{self.split:02d}-init-{self.init:02d}"

    @property
    def condition(self) -> Run:
        """Return the run without what tells its replicates apart; they share one graph."""
        own = {"trial": None, "split": 0, "init": 0, "init_seed": 0, "order_seed": 0, "noise_seed": 0}
        return self.model_copy(update={**own, "data": "", "key": ""})

    def __hash__(self) -> int:
        """Hash by the key, for lists and mappings have no hash."""
        return hash(self.key)


class Candidate(BaseModel):
    """A candidate of a variant in a setting: the trials to choose it by, and the runs if it is chosen.

    A variant with one candidate has no trials.
    """

    trials: list[Run]
    runs: list[Run]


Plan = dict[str, list[Candidate]]  # of one variant, by setting
_plan_file = TypeAdapter(Plan)


def resolve(params: Params, data: Mapping[str, str]) -> dict[str, Plan]:
    """Return the plan of every variant, the baselines first.

    `data` maps each setting to the digest of its images, draws and labels.
    """
    plans: dict[str, Plan] = {name: {} for name in (BASELINE, TUNED_BASELINE, *params.variants)}
    for name, setting in params.settings.items():
        own = setting.model_dump(exclude={"splits", "inits", "seed", "variants", "overrides"})
        own |= {"setting": name, "data": data[name]}
        plans[BASELINE][name] = _candidates(setting, params, [own | _part(BASELINE, {})])
        if setting.validation_size:
            lists = params.tuning.baseline
            plans[TUNED_BASELINE][name] = _candidates(
                setting,
                params,
                [
                    own
                    | _part(TUNED_BASELINE, {})
                    | {"epochs": epochs, "optimizer": own["optimizer"] | {"learning_rate": rate}}
                    for epochs, rate in zip(lists.epochs, lists.learning_rate, strict=True)
                ],
            )
        for variant, mixes in params.candidates(name).items():
            parts = [{key: part.model_dump() for key, part in mix.regularizers.items()} for mix in mixes]
            plans[variant][name] = _candidates(setting, params, [own | _part(variant, p) for p in parts])
    return plans


def _part(variant: str, regularizers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"variant": variant, "regularizers": regularizers, "code": code_digest(regularizers)}


def _candidates(setting: Setting, params: Params, resolved: list[dict[str, Any]]) -> list[Candidate]:
    sets, tried = range(setting.splits), range(setting.splits, setting.splits + params.tuning.splits)
    return [
        Candidate(
            trials=[_run(setting, own, split, 0, number) for split in tried] if len(resolved) > 1 else [],
            runs=[_run(setting, own, split, init) for split in sets for init in range(setting.inits)],
        )
        for number, own in enumerate(resolved)
    ]


def _run(setting: Setting, own: Mapping[str, Any], split: int, init: int, trial: int | None = None) -> Run:
    run = Run(
        **own,
        split=split,
        init=init,
        trial=trial,
        init_seed=seed("init", setting.seed, init),
        order_seed=seed("order", setting.seed, split, init),
        noise_seed=seed("noise", setting.seed, split, init),
    )
    return run.model_copy(update={"key": _key(run)})


def trials(plan: Plan) -> list[Run]:
    """Return the trials of all candidates."""
    return [run for listed in plan.values() for one in listed for run in one.trials]


def count(plan: Plan) -> int:
    """Return how many runs are trained: the trials, and the runs of one candidate in every setting."""
    return len(trials(plan)) + sum(len(listed[0].runs) for listed in plan.values())


def every_run(plan: Plan) -> list[Run]:
    """Return all that a plan may train: the trials, and the runs of whichever candidate."""
    return [run for listed in plan.values() for one in listed for run in (*one.trials, *one.runs)]


def write(directory: Path, plans: Mapping[str, Plan]) -> None:
    """Write one file a variant, so that DVC sees which variants a change concerns."""
    emptied(directory)
    for variant, plan in plans.items():
        content = _plan_file.dump_json(plan, indent=1)
        (directory / f"{variant}.json").write_bytes(content + b"\n")


def read(path: Path) -> Plan:
    """Read the plan of one variant."""
    return _plan_file.validate_json(path.read_bytes())


def _key(run: Run) -> str:
    content = run.model_dump(exclude={"key"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def code_digest(regularizers: Iterable[str]) -> str:
    """Return the digest of the code and libraries that train with these regularizers, here and now."""
    digest = hashlib.sha256()
    for path in (*TRAINING_CODE, *(f"regularizers/{name}.py" for name in sorted(regularizers))):
        digest.update(f"{path}\n".encode() + (PACKAGE / path).read_bytes())
    for library in ("tensorflow", "keras", "numpy"):
        digest.update(f"{library}=={version(library)}\n".encode())
    return digest.hexdigest()


def version(library: str) -> str:
    """Return the installed version of `tensorflow`, `keras` or another library."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:  # on Linux x86-64 TensorFlow's wheel has another name
        return metadata.version(f"{library}-cpu")
