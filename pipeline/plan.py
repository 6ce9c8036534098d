"""The runs that the parameters imply, each with the key that names everything its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.data.splits import seed
from pipeline.files import emptied
from pipeline.params import BASELINE, Optimizer, Params

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
    init_seed: int  # initial weights
    order_seed: int  # batch order
    noise_seed: int  # dropout masks and other noise
    data: str  # digest of the images, the draw and the labels
    code: str  # digest of the training code and its libraries
    key: str = ""

    @property
    def name(self) -> str:
        """Return a name that sorts by setting, variant and replicate."""
        return f"{self.setting}/{self.variant}/split-{self.split:02d}-init-{self.init:02d}"

    @property
    def condition(self) -> Run:
        """Return the run without what tells its replicates apart; they share one graph."""
        own = {"split": 0, "init": 0, "init_seed": 0, "order_seed": 0, "noise_seed": 0}
        return self.model_copy(update={**own, "data": "", "key": ""})

    def __hash__(self) -> int:
        """Hash by the key, for lists and mappings have no hash."""
        return hash(self.key)


def runs(params: Params, data: Mapping[str, str]) -> dict[str, list[Run]]:
    """Return the runs of every variant, the baseline first.

    `data` maps each setting to the digest of its images, draws and labels.
    """
    planned: dict[str, list[Run]] = {name: [] for name in (BASELINE, *params.variants)}
    for name, setting in params.settings.items():
        shared = setting.model_dump(exclude={"splits", "inits", "seed", "variants", "overrides"})
        for variant, mix in params.mixes(name).items():
            parts = {key: part.model_dump() for key, part in mix.regularizers.items()}
            for split in range(setting.splits):
                for init in range(setting.inits):
                    run = Run(
                        setting=name,
                        variant=variant,
                        split=split,
                        init=init,
                        **shared,
                        regularizers=parts,
                        init_seed=seed("init", setting.seed, init),
                        order_seed=seed("order", setting.seed, split, init),
                        noise_seed=seed("noise", setting.seed, split, init),
                        data=data[name],
                        code=code_digest(parts),
                    )
                    planned[variant].append(run.model_copy(update={"key": _key(run)}))
    return planned


def write(directory: Path, planned: Mapping[str, Iterable[Run]]) -> None:
    """Write one file a variant, so that DVC sees which variants a change concerns."""
    emptied(directory)
    for variant, listed in planned.items():
        rows = [run.model_dump() for run in listed]
        (directory / f"{variant}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> list[Run]:
    """Read the runs of one variant."""
    return [Run.model_validate(row) for row in json.loads(path.read_text(encoding="utf-8"))]


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
