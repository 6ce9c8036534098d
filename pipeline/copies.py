"""Copies of this checkout that reproduce a study of their own, and keep what they have trained."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline import toy
from pipeline.system import children, git
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError

# What a copy keeps when it is made anew: a run that it has trained is not trained again.
KEPT = (".dvc/cache", "dvc.lock", "results", "data", "mlflow.db")


def renewed(directory: Path) -> Path:
    """Make `directory` a copy of this checkout that keeps what an earlier copy there has trained.

    Returns where the project is in it. Raises UserError for anything there but an earlier copy.
    """
    project = directory / git.prefix(ROOT)
    aside = directory.with_name(f"{directory.name}.kept")
    if not aside.exists() and (directory / ".git" / toy.MARK).exists():
        for name in KEPT:
            if (project / name).exists():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(project / name, aside / name)
    toy.copy(directory)
    for name in KEPT:
        if (aside / name).exists():
            if (aside / name).is_file():
                (project / name).unlink(missing_ok=True)
            shutil.move(aside / name, project / name)
    shutil.rmtree(aside, ignore_errors=True)
    return project


def reproduce(project: Path, command: str) -> None:
    """Run every stage in a copy. Raises UserError, which names the command, when a stage fails."""
    if children.run((*children.DVC, "repro"), project, toy.environment()):
        raise UserError(f"{command}: a stage failed in {project}; its own message is above")
