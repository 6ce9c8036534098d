"""A study with parameters of its own, in `studies/`: run in a copy, its reports kept beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline import copies, toy
from pipeline.system.errors import UserError

REPORTS = "reports"
OURS = ("stability.csv", "power.csv")  # of the default study; what stages depend on must be there


def run(folder: Path, directory: Path) -> None:
    """Reproduce the study of `folder` in a copy below `directory`, and write its reports into `folder`.

    Raises UserError where `folder` has no params.yaml, where the copy's place is taken by anything but an
    earlier copy, and when a stage fails.
    """
    params = folder / toy.PARAMS
    if not params.exists():
        raise UserError(f"folder: expected one with {toy.PARAMS}, such as studies/*/, received {folder}")
    copy = copies.renewed(directory / folder.resolve().name)
    shutil.copyfile(params, copy / toy.PARAMS)
    for path in (copy / REPORTS).iterdir():  # those of this checkout
        if path.name not in OURS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    copies.reproduce(copy, "study")
    shutil.rmtree(folder / REPORTS, ignore_errors=True)
    shutil.copytree(copy / REPORTS, folder / REPORTS, ignore=shutil.ignore_patterns(*OURS))
    print(f"report: {folder / REPORTS / 'report.md'}")
