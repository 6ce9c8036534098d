"""The digest of what a question reads: it changes exactly when runs change that the question looks at."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluation import reads
from pipeline.plan import Candidate, Run
from pipeline.records import Choice, Result
from tests.evaluation import made_up
from tests.evaluation.made_up import write

MakeRun = Callable[..., Run]
Study = dict[str, list[Run]]  # the runs of every stage
READS = {"tradeoff": ["baseline", "ridge", "drop"], "dropout": ["baseline", "drop"], "penalties": ["ridge"]}


@pytest.fixture
def study(tiny_run: MakeRun) -> Study:
    """Cells of the settings in three stages, and in one of these a cell of `tradeoff`."""

    def cell(variant: str, **called: Any) -> list[Run]:
        key = f"{variant}{called.get('question', '')}"
        return [tiny_run(variant=variant, split=split, key=f"{key}-{split}", **called) for split in (0, 1)]

    path = cell("ridge", question="tradeoff", label="strength=1")
    return {"baseline": cell("baseline"), "ridge": [*cell("ridge"), *path], "drop": cell("drop")}


def inputs(root: Path, study: Study) -> dict[str, str]:
    """The digests of a study, which is written anew."""
    for stage, runs in study.items():
        write(root, stage, runs)
    return digests(root)


def digests(root: Path) -> dict[str, str]:
    reads.write(root, READS)
    reads.write_inputs(root)
    written: dict[str, str] = json.loads((root / reads.INPUTS).read_text(encoding="utf-8"))
    return written


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys() == READS.keys()
    return {question for question in READS if before[question] != after[question]}


def test_the_same_runs_have_the_same_digest(tmp_path: Path, study: Study) -> None:
    before = inputs(tmp_path, study)
    assert changed(before, inputs(tmp_path, study)) == set()
    assert len(set(before.values())) == len(READS)


@pytest.mark.parametrize(
    ("stage", "place", "expected"),
    [
        ("baseline", 1, {"tradeoff", "dropout"}),
        ("drop", 0, {"tradeoff", "dropout"}),
        ("ridge", 0, {"tradeoff", "penalties"}),
        ("ridge", 2, {"tradeoff"}),  # of its own cell, at which no other looks
    ],
)
def test_another_run_changes_the_questions_that_read_it(
    tmp_path: Path, study: Study, stage: str, place: int, expected: set[str]
) -> None:
    before = inputs(tmp_path, study)
    study[stage][place] = study[stage][place].model_copy(update={"key": "another"})
    assert changed(before, inputs(tmp_path, study)) == expected


def test_the_class_of_processor_counts_too(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inputs(tmp_path, study)
    plain = made_up.made_up
    elsewhere: Callable[[Run], Result] = lambda run: Result(  # noqa: E731
        **vars(plain(run)) | {"processor": "another processor"}
    )
    monkeypatch.setattr(made_up, "made_up", elsewhere)
    write(tmp_path, "drop", study["drop"])
    assert changed(before, digests(tmp_path)) == {"tradeoff", "dropout"}


def test_a_new_cell_of_a_question_changes_no_other(tmp_path: Path, study: Study) -> None:
    before = inputs(tmp_path, study)
    study["drop"] += [
        run.model_copy(update={"question": "tradeoff", "label": "rate=1", "key": f"new-{run.split}"})
        for run in study["drop"]
    ]
    assert changed(before, inputs(tmp_path, study)) == {"tradeoff"}


def test_the_name_of_a_cell_counts(tmp_path: Path, study: Study) -> None:
    before = inputs(tmp_path, study)
    study["ridge"][2:] = [run.model_copy(update={"label": "strength=2"}) for run in study["ridge"][2:]]
    assert changed(before, inputs(tmp_path, study)) == {"tradeoff"}


def test_another_choice_changes_who_reads_it_and_other_trials_alone_do_not(
    tmp_path: Path, study: Study, tiny_run: MakeRun
) -> None:
    def candidate(number: int, trial: str) -> Candidate:
        runs = [tiny_run(variant="drop", split=split, key=f"drop-{number}-{split}") for split in (0, 1)]
        return Candidate(trials=[tiny_run(variant="drop", split=2, trial=number, key=trial)], runs=runs)

    def tuned(trials: tuple[str, str], chosen: int) -> dict[str, str]:
        plan = {"tiny/drop": [candidate(number, trial) for number, trial in enumerate(trials)]}
        write(tmp_path, "drop", plan, {"tiny/drop": Choice(candidate=chosen, losses=[0.5, 0.5])})
        return digests(tmp_path)

    inputs(tmp_path, study)
    before = tuned(("a", "b"), chosen=0)
    assert changed(before, tuned(("a", "c"), chosen=0)) == set()
    assert changed(before, tuned(("a", "b"), chosen=1)) == {"tradeoff", "dropout"}
