"""A checkout of its own for the tests that run the real thing: commands, parameters, what is left."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Run
from ruamel.yaml import YAML

VARIANTS = ("l2", "dropout", "dropout_l2")  # the last shares a regularizer with each of the others
# The third, `dropout`, is tuned.
UNTUNED = {
    "variants.l2.l2.strength": 0.001,
    "variants.dropout_l2": {"dropout": {"rate": 0.5}, "l2": {"strength": 0.001}},
    "settings.small.inits": 2,  # crossed with the training sets
    "settings.small.crossed": True,
}
# The questions on what is left; none trains `l2`, which most tests change.
ASKED = {
    "questions.tradeoff.settings": ["small"],
    "questions.tradeoff.variants": ["dropout"],
    "questions.weights.settings": ["small"],
    "questions.weights.variants": ["dropout"],
    "questions.batch_norm.variant": "dropout_l2",
    "questions.choice.settings": ["small"],
    "questions.choice.variants": ["dropout_l2", "dropout"],
    "questions.choice.conditions": {
        "n100": {"train_size": 100, "batch_size": 25},
        "wide": {"network": {"dense": {"hidden": [300], "activation": "relu"}}},
    },
}
QUESTIONS = (
    "overfitting",
    "tradeoff",
    "weights",
    "penalties",
    "features",
    "dropout",
    "early_stopping",
    "batch_norm",
    "textbook",
    "choice",
)
# What may run again when some run has changed.
MEASURED = {"evaluate", *(f"question@{name}" for name in QUESTIONS), "report"}
# And what does where it is a run of a variant that no question names: those that read all variants.
READING_ALL = {
    "evaluate",
    *(f"question@{name}" for name in ("overfitting", "tradeoff", "penalties", "choice")),
    "report",
}
SETTINGS = ("notebook", "small")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str
    errors: str

    @property
    def ran(self) -> list[str]:
        """The stages that DVC ran, in their order, but for those that it took from its cache."""
        return re.findall(r"^Running stage '(.+)':", self.output, re.MULTILINE)

    @property
    def complaints(self) -> list[str]:
        """The lines that are meant for the user."""
        return [line for line in self.errors.splitlines() if line.startswith("error:")]

    def succeeded(self) -> "Ended":
        """Itself, or a failure that shows what the command said."""
        assert self.code == 0, f"{self.output}\n{self.errors}"
        return self


@dataclass(frozen=True)
class Clone:
    """A checkout in a folder of its own, with the environment that its commands get."""

    root: Path
    environment: Mapping[str, str]

    def run(self, *command: str, **variables: str) -> Ended:
        """Run a command in the root to its end."""
        ended = subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def python(self, *arguments: str, **variables: str) -> Ended:
        """Run `python -m ...`."""
        return self.run(sys.executable, "-m", *arguments, **variables)

    def due(self) -> set[str]:
        """The stages that `dvc repro` would run now, computed: what DVC finds changed, and all behind it."""
        self.run("dvc", "repro", "plan").succeeded()
        changed = json.loads(self.run("dvc", "status", "--json").succeeded().output)
        edges, found, following = self.edges(), set[str](), set(changed)
        while following - found:
            found |= following
            following = {after for before, after in edges if before in found}
        return found

    def edges(self) -> set[tuple[str, str]]:
        """The pairs of stages of which the second depends on the first, by DVC."""
        drawn = self.run("dvc", "dag", "--mermaid").succeeded().output
        names = dict(re.findall(r'(node\d+)\["(.+)"\]', drawn))
        return {(names[one], names[other]) for one, other in re.findall(r"(node\d+)-->(node\d+)", drawn)}

    def without_questions(self) -> "Clone":
        """Itself, with a pipeline that ends with `evaluate`: enough to record and compare."""
        yaml, path = YAML(), self.root / "dvc.yaml"
        content = yaml.load(path.read_text(encoding="utf-8"))
        for stage in ("question", "report"):
            del content["stages"][stage]
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(content, file)
        return self

    def yaml(self, name: str) -> Any:
        """A YAML file, parsed."""
        return YAML(typ="safe").load(self.root / name)

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change `params.yaml` at dotted paths, `{path: value}`; `...` removes what is there."""
        yaml, path = YAML(), self.root / "params.yaml"
        content = yaml.load(path.read_text(encoding="utf-8"))
        for at, value in changes.items():
            *parents, last = at.split(".")
            section = content
            for step in parents:
                section = section[step]
            if value is ...:
                del section[last]
            else:
                section[last] = value
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(content, file)

    def grid(self, setting: str) -> tuple[int, int]:
        """How many splits and inits a setting crosses."""
        declared = self.yaml("params.yaml")["settings"][setting]
        return declared["splits"], declared["inits"]

    def replicates(self, setting: str) -> int:
        """How many runs a variant has in a setting."""
        splits, inits = self.grid(setting)
        return splits * inits

    def cells(self, stage: str) -> dict[str, Any]:
        """What a training stage says of its cells: choice, trials and runs, by name."""
        path = self.root / "results" / "runs" / stage / "cells.json"
        cells: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cells

    def rows(self, stage: str) -> dict[str, dict[str, Any]]:
        """The numbers of the runs that a stage trained, by key."""
        path = self.root / "results" / "runs" / stage / "runs.json"
        return {row["run"]["key"]: row for row in json.loads(path.read_text(encoding="utf-8"))}

    def arrays(self, stage: str, cell: str, name: str) -> np.ndarray:
        """An array of the runs of a cell, (R, ...), such as `logits`, in the order of the plan."""
        folder, stacked = self.root / "results" / "runs" / stage, []
        for run in self.cells(stage)[cell]["runs"]:
            with np.load(folder / f"{run['key']}.npz") as archive:
                stacked.append(archive[name])
        return np.stack(stacked)

    def locked(self, stages: Iterable[str]) -> dict[str, Any]:
        """The digests of the outputs of stages, from `dvc.lock`."""
        recorded = self.yaml("dvc.lock")["stages"]
        return {stage: {out["path"]: out["md5"] for out in recorded[stage]["outs"]} for stage in stages}

    def contents(self, *folders: str) -> dict[str, bytes]:
        """Every file below the folders, by its path in the checkout."""
        files = (path for folder in folders for path in (self.root / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}

    def logged(self, kind: str, experiment: str = "regularization-study") -> list[Run]:
        """The active runs of a kind, in MLflow's store of this checkout."""
        client = MlflowClient(tracking_uri=f"sqlite:///{self.root}/mlflow.db")
        found = client.get_experiment_by_name(experiment)
        assert found is not None
        condition = f"tags.kind = '{kind}'"
        return list(client.search_runs([found.experiment_id], condition, max_results=5000))
