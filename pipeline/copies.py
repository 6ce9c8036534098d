"""Copies of this checkout that reproduce a study of their own, and keep what they have trained."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from pipeline import toy
from pipeline.system.errors import UserError

# What a copy keeps when it is made anew: a run that it has trained is not trained again.
KEPT = (".dvc/cache", "dvc.lock", "results", "data", "mlflow.db")


def renewed(directory: Path) -> None:
    """Make `directory` a copy of this checkout that keeps what an earlier copy there has trained.

    Raises UserError for anything there but an earlier copy.
    """
    aside = directory.with_name(f"{directory.name}.kept")
    if not aside.exists() and (directory / ".git" / toy.MARK).exists():
        for name in KEPT:
            if (directory / name).exists():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(directory / name, aside / name)
    toy.copy(directory)
    for name in KEPT:
        if (aside / name).exists():
            if (aside / name).is_file():
                (directory / name).unlink(missing_ok=True)
            shutil.move(aside / name, directory / name)
    shutil.rmtree(aside, ignore_errors=True)


def reproduce(copy: Path, command: str) -> None:
    """Run every stage in a copy. Raises UserError, which names the command, when a stage fails."""
    if subprocess.run(["dvc", "repro"], cwd=copy, env=toy.environment(), check=False).returncode:
        raise UserError(f"{command}: a stage failed in {copy}; its own message is above")
