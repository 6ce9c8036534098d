"""The whole pipeline at toy size, in a copy of the checkout: a look before the full study."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import questions
from pipeline.datasets import obtain
from pipeline.params import OWN, document
from pipeline.params.toy import CANDIDATES, LIMITS
from pipeline.questions import Question
from pipeline.system import children, git, untrusted
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError

VARIANTS = 3  # at least, if there are so many
PARAMS = "params.yaml"
MARK = "toy-copy"  # a file in its .git tells a copy from a project of the user's


def run(directory: Path) -> None:
    """Copy the work tree to `directory`, keep a part of its study, at toy size, and reproduce it there.

    The copy has its own MLflow store; it takes downloaded data from this checkout where that has them.
    Raises UserError when `directory` is not an earlier copy, and when a stage fails.
    """
    project = copy(directory)
    keep_a_few(project / PARAMS, _committed())
    shrink(project / PARAMS)
    if children.run((*children.DVC, "repro"), project, environment()):
        raise UserError(f"quick: a stage failed in {project}; its own message is above")
    print(f"toy report: {project / 'reports' / 'report.md'}")


def environment() -> dict[str, str]:
    """Return the environment for a copy: a store of its own, and the downloads that this checkout has."""
    variables = {k: v for k, v in children.environment().items() if not k.startswith("MLFLOW_")}
    downloads = obtain.downloads(ROOT)
    for dataset in obtain.PUBLISHED.values():
        if dataset.is_kept(downloads):
            variables.setdefault(dataset.variable, str(downloads / dataset.kept))
    return variables


def copy(directory: Path) -> Path:
    """Make `directory` a clone of this checkout, uncommitted changes and data of one's own included.

    Returns where the project is in it, which may be a part of a larger repository.

    Raises UserError for anything there but an earlier copy, and where git fails.
    """
    mark = directory / ".git" / MARK
    if not mark.exists() and directory.exists() and (directory.is_file() or any(directory.iterdir())):
        raise UserError(f"directory: expected a new or earlier copy, received {directory}")
    # What DVC keeps of one's own data is ignored by git.
    names = _listed("--cached", "--others", "--exclude-standard") | _listed("--others", "--", OWN)
    top, inside = git.top(ROOT), git.prefix(ROOT)
    if directory.exists():
        shutil.rmtree(directory)
    # Its files come from the work tree; neither hooks nor filters of the user run.
    options = ("--quiet", "--no-checkout", "--no-reject-shallow", "--template=")
    git.output(ROOT, "clone", *options, "--", str(top), str(directory.absolute()))
    mark.touch()
    project = directory / inside
    project.mkdir(parents=True, exist_ok=True)
    for name in sorted(names):
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():  # to a file or a folder, such as data of one's own on another disk
            target.symlink_to(source.resolve())
        elif source.exists():
            shutil.copy2(source, target)
    git.output(project, "read-tree", "HEAD")
    return project


def _listed(*options: str) -> set[str]:
    # With a slash at its end it is a repository of its own.
    return {name for name in git.lines(git.output(ROOT, "ls-files", "-z", *options)) if name[-1] != "/"}


def keep_a_few(path: Path, committed: Mapping[str, Any]) -> None:
    """Take out of a params.yaml what a first look can do without: settings and variants.

    What the questions look at stays, a few of each, and what differs from the `committed` parameters, for it
    is what somebody wants to look at.
    """
    content = document.read(path)
    sections = {question.name: question.settings for question in _asked(content)}
    settings = {name for name, setting in content["settings"].items() if not setting["validation_size"]}
    settings |= _needed(
        content, settings, {name: (s.SETTINGS, s.FEW_SETTINGS) for name, s in sections.items()}
    )
    _keep(content["settings"], settings, committed["settings"])
    variants: set[str] = set()
    for setting in content["settings"].values():
        variants |= {*setting["overrides"], *(() if setting["variants"] == "all" else setting["variants"])}
    variants |= _needed(content, variants, {name: (s.VARIANTS, s.FEW) for name, s in sections.items()})
    spare = [name for name in content["variants"] if name not in variants]
    variants |= set(spare[: max(VARIANTS - len(variants), 0)])
    _keep(content["variants"], variants, committed["variants"])
    for name, section in sections.items():
        for field, known in (
            *((f, "settings") for f in section.SETTINGS),
            *((f, "variants") for f in section.VARIANTS),
        ):
            names = content["questions"][name][field]
            if not isinstance(names, str):
                names[:] = [name for name in names if name in content[known]]
    document.write(path, content)


def _needed(
    content: Mapping[str, Any], known: set[str], fields: Mapping[str, tuple[Sequence[str], int]]
) -> set[str]:
    """Return the names that the questions cannot do without: a few of every field, known ones first.

    `fields` has, by question, the fields that hold names, one or several, and how many of them to keep.
    """
    needed = set(known)
    for question, (names_of, few) in sorted(fields.items(), key=lambda item: -item[1][1]):
        for field in names_of:
            names = content["questions"][question][field]
            listed = [names] if isinstance(names, str) else names
            missing = max(few - len(needed & set(listed)), 0)
            needed |= {*[name for name in listed if name not in needed][:missing]}
    return needed


def _keep(section: dict[str, Any], names: set[str], committed: Mapping[str, Any] | None = None) -> None:
    """Delete what is not among the names, unless it differs from what is committed."""
    for name in [name for name in section if name not in names]:
        if committed is None or section[name] == committed.get(name):
            del section[name]


def _committed() -> dict[str, Any]:
    text = git.content(ROOT, "HEAD", PARAMS)
    if text is None:
        raise UserError(f"{PARAMS}: expected a commit that has it, received none; commit it first")
    committed: dict[str, Any] = untrusted.yaml(text.decode())
    return committed


def _asked(content: Mapping[str, Any]) -> list[Question]:
    return [question for question in questions.discover() if question.name in content["questions"]]


def shrink(path: Path) -> None:
    """Rewrite a params.yaml with every setting and question at toy size."""
    content = document.read(path)
    for setting in content["settings"].values():
        for name, limit in LIMITS.items():
            setting[name] = min(setting[name], limit)
    tuning = content["tuning"]
    tuning["splits"] = 1
    epochs = tuning["baseline"]["epochs"]
    for number, count in enumerate(epochs):
        epochs[number] = min(count, LIMITS["epochs"])
    regularizers = (fields for mix in content["variants"].values() for fields in mix.values())
    for values in (values for fields in (tuning["baseline"], *regularizers) for values in fields.values()):
        if isinstance(values, list):
            del values[CANDIDATES:]
    for question in _asked(content):
        question.settings.toy(content["questions"][question.name], content)
    document.write(path, content)
