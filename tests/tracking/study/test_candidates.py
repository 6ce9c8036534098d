"""The candidate that was chosen, in words."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.plan import Run
from pipeline.records import Choice, Record
from pipeline.tracking.study.candidates import chosen
from pipeline.tracking.study.outputs import Cell

MakeRun = Callable[..., Run]


def record(run: Run) -> Record:
    return Record(run, {"loss": np.ones(1)}, {}, "a processor")


def cell(make: MakeRun, candidates: list[dict[str, object]], place: int) -> Cell:
    """A cell whose candidates were tried once each."""
    trials = [make(**changes, trial=number, key=f"t{number}") for number, changes in enumerate(candidates)]
    reported = make(**candidates[place], key="r")
    choice = Choice(candidate=place, losses=[0.5] * len(candidates))
    return Cell("s", (*trials, reported), (record(reported),), tuple(map(record, trials)), choice)


@pytest.mark.parametrize(
    ("rates", "place", "said"),
    [
        ([0.25, 0.5, 0.65, 0.8], 2, "0.65, third of four candidates"),
        ([0.25, 0.5], 0, "0.25, first of two candidates"),
        ([0.01 * n for n in range(1, 13)], 11, "0.12, number 12 of 12 candidates"),
    ],
)
def test_one_strength_is_named_by_its_value_and_its_place(
    tiny_run: MakeRun, rates: list[float], place: int, said: str
) -> None:
    candidates: list[dict[str, object]] = [{"regularizers": {"dropout": {"rate": rate}}} for rate in rates]
    assert chosen(cell(tiny_run, candidates, place)) == said


def test_of_several_values_those_that_differ_are_named(tiny_run: MakeRun) -> None:
    candidates: list[dict[str, object]] = [
        {"regularizers": {"l1": {"strength": one}, "l2": {"strength": 0.1}}, "epochs": epochs}
        for one, epochs in ((0.1, 3), (0.2, 5))
    ]
    said = "l1.strength 0.2, epochs 5, second of two candidates"
    assert chosen(cell(tiny_run, candidates, 1)) == said


def test_without_a_choice_nothing_is_said(tiny_run: MakeRun) -> None:
    run = tiny_run(key="r")
    for choice in (None, Choice(candidate=0, losses=[])):
        assert chosen(Cell("s", (run,), (record(run),), (), choice)) == ""
