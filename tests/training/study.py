"""A copy of the checkout with a study of a few seconds: a stage to start, and to end before its end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline import toy
from tests.pipeline.clone import Clone, Ended
from tests.processes import LIMIT, command_line, end_all, tree, until

RUNS = 12
# A run takes a second or two: workers are still busy when the stage begins to record what they finished.
PARAMS = """\
scale: 1
data:
  validation: 10000
  seed: 0
tuning:
  splits: 2
  baseline: {epochs: [10, 20], learning_rate: [0.001, 0.001]}
settings:
  tiny:
    data: mnist
    train_size: 500
    validation_size: 200
    network: {dense: {hidden: [32], activation: relu}}
    optimizer: {name: adam, learning_rate: 0.001}
    epochs: 160
    batch_size: 10
    label_noise: 0.0
    splits: 6
    inits: 2
    seed: 1
    variants: all
    overrides: {}
variants:
  l2: {l2: {strength: 0.001}}
  l1: {l1: {strength: [0.001, 0.002]}}
  bn: {batch_norm: {momentum: 0.9}}
questions:
  overfitting: {}
  tradeoff: {settings: [tiny], variants: [l1], splits: 3}
  weights: {settings: [tiny], variants: [l1], splits: 3}
  penalties: {}
  features: {}
  dropout: {}
  early_stopping: {}
  batch_norm:
    setting: tiny
    variant: bn
    splits: 3
    epochs: 2
    optimizer: sgd
    rates: [0.01, 0.1]
    networks: {deep: {dense: {hidden: [8, 8], activation: tanh}}}
    shift: {learning_rate: 0.1, every: 2}
  textbook: {}
  choice:
    settings: [tiny]
    variants: [l1]
    candidates: [0, 1]
    trials: 1
    splits: 3
    conditions: {wider: {network: {dense: {hidden: [64], activation: relu}}}}
"""
STAGE = (sys.executable, "-m", "pipeline.stages.train", "l2")  # which no question asks for


@dataclass(frozen=True)
class Study(Clone):
    """A checkout of its own in which `prepare` and `plan` are done."""

    @classmethod
    def prepare(cls, root: Path, mnist: Path, **variables: str) -> "Study":
        """Copy the checkout to `root` and plan the study there."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DVC_", "GIT_", "DASK_"))}
        for name in ("SITE_CACHE_DIR", "GLOBAL_CONFIG_DIR", "SYSTEM_CONFIG_DIR"):
            own[f"DVC_{name}"] = str(root.parent / name.lower())
        own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
        own |= {"MNIST_DIR": str(mnist), "WORKERS": "2", **variables}
        toy.copy(root)
        (root / "params.yaml").write_text(PARAMS, encoding="utf-8")
        study = cls(root, own)
        study.run("dvc", "repro", "plan").succeeded()
        return study

    def copy(self, root: Path) -> "Study":
        """The same in another folder, to be changed."""
        shutil.copytree(self.root, root, symlinks=True)
        return Study(root, self.environment)

    @contextmanager
    def started(self, *command: str, **variables: str) -> Iterator["Stage"]:
        """A command in a session of its own, as a terminal starts it; the block's end is its end."""
        # Files, for what outlives the command would hold a pipe open.
        output, errors = (self.root.parent / f"{self.root.name}.{name}" for name in ("out", "err"))
        with output.open("w") as out, errors.open("w") as err:
            process = subprocess.Popen(
                command or STAGE,
                cwd=self.root,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        stage = Stage(process, output, errors)
        try:
            yield stage
        finally:
            end_all(stage.tree if stage.runs else [])
            process.wait()

    @property
    def kept(self) -> list[str]:
        """The keys of the kept runs."""
        return sorted(path.stem for path in (self.root / "results" / "kept").glob("*.npz"))

    def until_kept(self, stage: "Stage", count: int, known: Collection[str] = ()) -> None:
        """Wait until so many runs are kept and MLflow has another parent than those that are known."""

        def so_far() -> bool:
            parents = {run.info.run_id for run in self.logged("variant")}
            return not stage.runs or (len(self.kept) >= count and not parents <= set(known))

        until(so_far, f"{count} kept runs")
        assert stage.runs, stage.end()


@dataclass(frozen=True)
class Stage:
    """A command that is running."""

    process: "subprocess.Popen[bytes]"
    output: Path
    errors: Path

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def tree(self) -> list[psutil.Process]:
        return tree(self.process.pid)

    @property
    def forked(self) -> list[psutil.Process]:
        """The process that has loaded Keras, and after it the workers that are forked from it."""
        return [process for process in self.tree if "multiprocessing.forkserver" in command_line(process)]

    def end(self) -> Ended:
        """Wait for its end."""
        code = self.process.wait(timeout=LIMIT)
        return Ended(code, self.output.read_text("utf-8"), self.errors.read_text("utf-8"))
