"""Made-up studies whose questions follow strength paths: records, predictions and weights by hand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions import Question
from pipeline.records import Record
from tests.questions.made import MadeStudy

Grid = Sequence[Sequence[Mapping[str, float]]]  # the final scores of D splits x I inits


@dataclass(frozen=True, eq=False)
class PathStudy(MadeStudy):
    """A made-up study with cells that its question asked for, in the order of the plan."""

    asked: Sequence[Cell] = ()

    def own(self, *variants: str) -> Iterator[Cell]:
        for variant in variants:
            yield from (cell for cell in self.asked if cell.variant == variant)


@pytest.fixture
def path_study() -> Callable[..., PathStudy]:
    """Make the study of a question below `root` from baselines and from the cells of its paths.

    The section names the settings of the baselines, and the variants in the order of the paths.
    """

    def make(
        question: str, root: Path, baselines: Sequence[Cell], steps: Sequence[Cell], splits: int
    ) -> PathStudy:
        section = SimpleNamespace(
            settings=[cell.setting for cell in baselines],
            variants=list(dict.fromkeys(cell.variant for cell in steps if cell.variant != "baseline")),
            splits=splits,
        )
        found = {"section": lambda name: {question: section}[name], "settings": {}, "variants": []}
        params = cast(Any, SimpleNamespace(**found))
        made = {"baseline": {cell.setting: cell for cell in baselines}}
        return PathStudy(root, params, Question(question), made, steps)

    return make


@pytest.fixture
def scored_cell(tiny_run: Callable[..., Run]) -> Callable[..., Cell]:
    """Make a cell from the final scores of its runs, whose keys tell them apart."""

    def make(final: Grid, variant: str = "baseline", strength: float = 0.0, setting: str = "small") -> Cell:
        def record(split: int, init: int, scores: Mapping[str, float]) -> Record:
            run = tiny_run(
                setting=setting,
                variant=variant,
                split=split,
                init=init,
                regularizers={variant: {"strength": strength}} if strength else {},
                key=f"{setting}-{variant}-{strength}-{split}-{init}".replace(".", "_"),
            )
            return Record(run=run, history={}, final=dict(scores), processor="")

        grid = [
            [record(split, init, scores) for init, scores in enumerate(row)]
            for split, row in enumerate(final)
        ]
        return Cell(Path(), variant, grid)

    return make
