"""A miniature of the project in a git repository of its own, with scores that the test decides."""

import csv
import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Grid = Sequence[Sequence[float]]  # test errors of D splits x I inits
COLUMNS = ("setting", "variant", "split", "init", "run_key", "test_error", "test_cross_entropy")
PARAMETERS = {
    "data": {"validation": 10000, "seed": 0},
    "settings": {
        "small": {
            "seed": 2,
            "train_size": 1000,
            "validation_size": 2000,
            "network": {"dense": {"hidden": [128]}},
        },
        "notebook": {
            "seed": 1,
            "train_size": 60000,
            "validation_size": 0,
            "network": {"dense": {"hidden": [128]}},
        },
    },
    "variants": {"l2": {"l2": {"strength": 0.001}}},
}
LOCK = {
    "stages": {
        "prepare": {
            "outs": [{"path": "data/images", "md5": "1" * 32}, {"path": "data/splits", "md5": "2" * 32}]
        },
        "plan": {"deps": [], "outs": [{"path": "results/plan", "md5": "3" * 32}]},
        "evaluate": {"deps": [{"path": "results/plan", "md5": "3" * 32}]},
    }
}
CODE = (
    "pipeline/datasets/draws.py",
    "pipeline/datasets/seeds.py",
    "pipeline/datasets/splits.py",
    "pipeline/records/files.py",
    "dvc.yaml",
    "requirements.lock",
)


def runs(scores: Mapping[str, Grid]) -> str:
    """A table of runs from their test errors, `{setting/variant: grid}`.

    The cross-entropy is a twentieth of the error, the gap a fiftieth.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*COLUMNS, "cross_entropy_gap", "best_epoch"])
    for cell, grid in scores.items():
        for split, row in enumerate(grid):
            for init, error in enumerate(row):
                replicate = (*cell.split("/"), split, init, f"{cell}{split}{init}")
                table.writerow([*replicate, error, error / 20, error / 50, ""])
    return text.getvalue()


@dataclass(frozen=True)
class History:
    """The repository."""

    root: Path

    def git(self, *arguments: str) -> str:
        """Run git there."""
        ended = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True
        )
        return ended.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def state(
        self,
        scores: Mapping[str, Grid],
        changes: Mapping[str, Any] | None = None,
        splits: str = "2" * 32,
    ) -> None:
        """Write scores, parameters changed at dotted paths, and the digest of the draws."""
        parameters, lock = json.loads(json.dumps(PARAMETERS)), json.loads(json.dumps(LOCK))
        for path, value in (changes or {}).items():
            *parents, last = path.split(".")
            section = parameters
            for step in parents:
                section = section[step]
            section[last] = value
        lock["stages"]["prepare"]["outs"][1]["md5"] = splits
        for path, content in (("params.yaml", parameters), ("dvc.lock", lock)):
            with (self.root / path).open("w", encoding="utf-8") as file:
                YAML().dump(content, file)
        self.write("reports/tables/runs.csv", runs(scores))

    def commit(self, name: str) -> str:
        """Commit everything and tag it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", name)
        self.git("tag", name)
        return self.git("rev-parse", "HEAD")
