"""`dvc.yaml` names the code that can change a stage's output, and none that cannot: by what imports what."""

from collections.abc import Iterable
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import questions
from pipeline.plan import TRAINING_CODE
from tests.sources import FILES, MODULES, PIPELINE, REPOSITORY, closure, name_of

QUESTIONS = [question.name for question in questions.discover()]
# MLflow shows what ran, and nothing computed reads it back.
RECORDING = frozenset({"tracking"})
# How a run is started, watched and ended, what it costs, how a file is checked and what an error says change
# no result.
NO_RESULT = {
    *(
        f"pipeline/system/{name}.py"
        for name in (
            *("checkout", "children", "discovery", "errors", "git", "guard", "lean", "machine"),
            *("surroundings", "untrusted"),
        )
    ),
    *(f"pipeline/training/{name}.py" for name in ("fanout", "live", "preload", "progress")),
    "pipeline/plan/cost.py",
}
KEYED = {f"pipeline/{path}" for path in TRAINING_CODE} | {
    str(path.relative_to(REPOSITORY))
    for room in ("networks", "regularizers")
    for path in (PIPELINE / room).glob("*.py")
}
PLANNED = ("pipeline/plan/cells.py", "pipeline/plan/code.py", "pipeline/plan/resolve.py")
IMAGES = "pipeline/datasets/images.py"  # which says what a data set is, and computes nothing
UNFINISHED, EARLIER = "pipeline/records/unfinished.py", "pipeline/records/earlier.py"
TRAINS = (
    *KEYED,
    *PLANNED,
    UNFINISHED,
    EARLIER,
    "pipeline/params",
    "pipeline/datasets",
    "pipeline/system/files.py",
)
BUILT = ("pipeline/networks", "pipeline/regularizers")
LATER = ("pipeline/plan", *BUILT, UNFINISHED)
# What a stage imports and its output does not depend on: an earlier stage has done it, whose output it
# reads; or keys cover it; or it only checks.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "prepare": ("pipeline/plan", *BUILT),
    "plan": (IMAGES, "pipeline/records"),
    "baseline": TRAINS,
    "variant": TRAINS,
    "evaluate": (*LATER, IMAGES, "pipeline/questions"),
    "question": (*LATER, IMAGES),
    "report": (*LATER, IMAGES, "pipeline/datasets/seeds.py"),
}


def declared() -> dict[str, dict[str, Any]]:
    """The stages of `dvc.yaml`; of those made by `foreach`, the pattern."""
    stages: dict[str, dict[str, Any]] = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def code(stage: str) -> list[str]:
    """The code among the dependencies of a stage."""
    return [dep for dep in declared()[stage]["deps"] if dep.startswith("pipeline/")]


def of_questions(*modules: str, names: Iterable[str] = QUESTIONS) -> list[str]:
    """Modules of the questions, which are found by their names and imported by nobody."""
    found = [f"pipeline.questions.{name}.{module}" for name in names for module in modules]
    return [f"pipeline.questions.{name}" for name in names] + [name for name in found if name in MODULES]


def reached(stage: str) -> set[str]:
    """What can change the output of a stage."""
    module = declared()[stage]["cmd"].split()[2]
    roots = [module]
    if stage in ("prepare", "plan", "report"):
        roots += of_questions("settings", "cells")
    if stage == "question":
        roots += of_questions("settings", "measure", "claims", "draw", "answer")
    files = closure(*roots, without=RECORDING) - NO_RESULT
    if stage == "plan":
        files |= KEYED  # of which it takes the digest
    packages = {file for file in files if file.endswith("__init__.py") and file.count("/") < 3}
    return {file for file in files - packages if not file.startswith(ELSEWHERE[stage])}


def covers(dependency: str, file: str) -> bool:
    return file == dependency or file.startswith(f"{dependency}/")


@pytest.mark.parametrize("stage", declared())
def test_a_stage_depends_on_all_code_that_can_change_its_output(stage: str) -> None:
    named = [dep.replace("${key}", name) for dep in code(stage) for name in ("", *QUESTIONS)]
    missing = {file for file in reached(stage) if not any(covers(dep, file) for dep in named)}
    assert missing == set()


@pytest.mark.parametrize("stage", declared())
def test_a_stage_depends_on_no_other_code(stage: str) -> None:
    files = reached(stage)
    for dependency in code(stage):
        each = [dependency.replace("${key}", name) for name in QUESTIONS]
        assert all((REPOSITORY / path).exists() for path in each)
        assert any(covers(path, file) for path in each for file in files), dependency


def test_the_questions_own_code_is_all_there() -> None:
    """Whatever lies in a question's folder is reached from the modules that the contract names."""
    modules = of_questions("settings", "cells", "measure", "claims", "draw", "answer")
    files = closure(*modules)
    lying = {str(file.relative_to(REPOSITORY)) for file in (PIPELINE / "questions").glob("*/*.py")}
    assert lying <= files


@pytest.mark.parametrize("stage", declared())
def test_a_stage_runs_a_module(stage: str) -> None:
    python, flag, module, *_ = declared()[stage]["cmd"].split()
    assert (python, flag) == ("python", "-m")
    assert module in MODULES


def test_the_keys_cover_all_code_that_training_runs() -> None:
    """What the trainer reaches, but for what is resolved into the run: data, plan and parameters."""
    files = closure("pipeline.training.trainer") - NO_RESULT
    elsewhere = (
        "pipeline/plan",
        "pipeline/params",
        "pipeline/datasets",
        "pipeline/records",
        "pipeline/system",
    )
    left = {file for file in files - KEYED if not file.startswith(elsewhere)}
    assert {file for file in left if not file.endswith("__init__.py")} == set()


def test_every_file_is_reached_by_something() -> None:
    roots = ["pipeline.__main__", *(name for name in MODULES if name.startswith("pipeline.stages."))]
    roots += of_questions("settings", "cells", "measure", "claims", "draw", "answer")
    roots += [n for n in MODULES if n.startswith(("pipeline.networks.", "pipeline.regularizers."))]
    files = closure(*roots, "pipeline.training.preload")
    assert {name_of(file) for file in FILES if str(file.relative_to(REPOSITORY)) not in files} == set()
