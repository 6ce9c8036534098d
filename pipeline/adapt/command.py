"""`python -m pipeline adapt`: from data in `datasets/` to the `params.yaml` of their study."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline import params, questions
from pipeline.adapt import estimate, rules, sizes
from pipeline.adapt.sizes import Facts, Sizes
from pipeline.datasets import own
from pipeline.params import FILE, OWN, Params
from pipeline.system import git, machine, untrusted
from pipeline.system.errors import UserError

MINUTES = 5  # for IMAGES images or fewer; more images may take longer in proportion
IMAGES = 6_000


def run(root: Path, path: Path, force: bool = False) -> None:
    """Write the `params.yaml` below `root` for the data at `path`, and say what was changed and why.

    Raises UserError where the data cannot be read or are too few, where they are not in `datasets/`, and,
    without `force`, where git does not have the file as it is.
    """
    source = _source(root, path)
    if not force and not git.head(root):
        raise UserError(
            f"{FILE}: expected a commit that has it, for it is overwritten, received none; copy it and take "
            "--force"
        )
    if not force and git.changed(root, FILE):
        raise UserError(
            f"{FILE}: expected no uncommitted changes, for they would be lost, received some; commit them, "
            "put them aside with git stash, or take --force"
        )
    facts = _facts(root, source)
    before = (root / FILE).read_text(encoding="utf-8")
    text, chosen, took = written(before, facts, machine.read(root).processes)
    (root / FILE).write_text(text, encoding="utf-8")
    for line in _said(before, text, facts, chosen, took):
        print(line)


def written(text: str, facts: Facts, cores: int) -> tuple[str, Sizes, float]:
    """Return a `params.yaml` for these data, its sizes, and how many seconds its study takes about.

    It is the largest study within the time, or the smallest there is.

    Raises UserError where the data are too few, and for faults of the parameters.
    """
    sections = {question.name: question.settings for question in questions.discover()}
    params.parsed(text, sections, FILE)
    limit = 60 * MINUTES * max(facts.images / IMAGES, 1)
    for chosen in sizes.possible(facts):
        adapted = rules.adapted(text, facts, chosen, sections)
        study: Params = params.parsed(adapted, sections, FILE)
        params.check_images(study, {facts.source: (facts.images, *facts.shape)}, FILE)
        took = estimate.seconds(study, facts.shape, cores)
        if took <= limit:
            break
    return adapted, chosen, took


def _source(root: Path, path: Path) -> str:
    """Return the path as `params.yaml` names it."""
    at = PurePosixPath(Path(os.path.relpath(Path.cwd() / path, root)).as_posix())
    if at.parts[0] != OWN or len(at.parts) == 1:
        raise UserError(f"path: expected data in {OWN}/, received {path}; put the file or folder there")
    if not (root / at).exists():
        raise UserError(f"{at}: expected a file or folder, received a path where nothing is")
    return str(at)


def _facts(root: Path, source: str) -> Facts:
    """Read the data; their notes are printed."""
    read = own.read(root / source, source)
    for note in read.notes:
        print(f"{source}: {note}")
    images = read.images
    count, *shape = images.train_images.shape
    return Facts(source, count, tuple(shape), len(np.unique(images.train_labels)))


def _said(before: str, after: str, facts: Facts, chosen: Sizes, took: float) -> list[str]:
    """Return what was changed and why, a line each."""
    old, new = (untrusted.yaml(text) for text in (before, after))
    size = " x ".join(map(str, facts.shape))
    level = chosen.level
    setting = next(iter(new["settings"].values()))
    lines = [
        f"data:      {facts.source}: {facts.images:,} training images of {size}, {facts.classes} classes",
        f"held out:  {chosen.validation:,} of them, for every choice",
        f"settings:  {', '.join(new['settings'])}: each {level.splits} training sets of "
        f"{chosen.train_size:,} of the others and {level.tuning} to tune on, in batches of "
        f"{setting['batch_size']}",
        f"tuning:    strengths over {rules.DECADES} decades, for the lists were set for other data",
        f"variants:  {', '.join(new['variants'])}",
    ]
    removed = []
    for section in ("settings", "variants"):
        names = [name for name in old[section] if name not in new[section]]
        removed += [f"{section} {', '.join(names)}"] if names else []
    if removed:
        lines.append(f"removed:   {'; '.join(removed)} (they need more images or more time)")
    minutes = max(round(took / 60), 1)
    lines += [
        "questions: fewer training sets, rates and conditions, in proportion",
        f"time:      about {minutes} minute{'s' * (minutes > 1)} here",
        f"next:      dvc repro; git checkout {FILE} takes this back",
    ]
    return lines
