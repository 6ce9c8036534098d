"""Made-up studies that a question can be asked about: data, cells and networks by hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions.study import Study
from pipeline.records import Record

SPLITS = range(6)
FACTS = re.compile(
    r"`\w+`|[-+]?\d+(?:,\d{3})*(?:\.\d+)?%?|"
    r"\b(?:none|no|lower(?:ed|s)?|raise[ds]?|narrow(?:ed)?|widened|saves|later)\b"
)


@dataclass(frozen=True, eq=False)
class MadeStudy(Study):
    """A study below `root` whose cells, by variant and setting, are those given."""

    made: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)

    def cells(self, variant: str) -> dict[str, Cell]:
        return dict(self.made.get(variant, {}))


def study(root: Path, made: Mapping[str, Mapping[str, Cell]]) -> MadeStudy:
    """A study of which nothing but its cells and its data is read."""
    return MadeStudy(root, cast(Any, None), cast(Any, None), made)


def cell(runs: Sequence[Sequence[Run]], histories: Mapping[str, Sequence[float]] | None = None) -> Cell:
    """The cell of a grid of runs, all with the same histories."""
    history = {name: np.array(values) for name, values in (histories or {}).items()}
    grid = [[Record(run, history, final={}, processor="") for run in row] for row in runs]
    return Cell(Path(), runs[0][0].variant, grid)


def dense(logits: np.ndarray, bias: Sequence[float]) -> dict[str, np.ndarray]:
    """Weights of a network whose hidden units (n) are its inputs: logits (n, C) and their bias (C,)."""
    return {
        "hidden_1/kernel": np.eye(len(logits), dtype=np.float32),
        "hidden_1/bias": np.zeros(len(logits), np.float32),
        "logits/kernel": logits.astype(np.float32),
        "logits/bias": np.array(bias, np.float32),
    }


def noise(*seed: int) -> np.ndarray:
    """A little, one for each of SPLITS."""
    return np.random.default_rng(seed).normal(0, 0.01, len(SPLITS))


def empty(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of a study without what the question looks at."""
    return {name: table.iloc[:0] for name, table in tables.items()}


def evidence(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    """A row a claim, condition, endpoint and estimate, with limits 0.25 below and 0.5 above the estimate."""
    table = pd.DataFrame(rows, columns=["claim", "condition", "endpoint", "estimate"])
    return table.assign(low=table.estimate - 0.25, high=table.estimate + 0.5)


def facts(text: str) -> str:
    """What a text says, whatever its words: its names, its numbers, and which way a thing goes."""
    return " ".join(FACTS.findall(text))
