"""What is computed of cells, remembered: of a cell whose runs are as they were nothing is computed again."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Memory

from pipeline.evaluation import alike, cells, memorised, tables
from pipeline.evaluation.cells import Cell
from pipeline.evaluation.tables import Measured
from pipeline.plan.code import PACKAGE, uncommented
from pipeline.system.checkout import main_checkout

CODE = ("evaluation", "science")
MOST = "1G"
FOLDER = "results/remembered"  # of this checkout; an experiment's copy shares it

# A digest of the cell, the tables of it alone, and what others are compared with.
MeasuredCell = tuple[str, dict[str, pd.DataFrame], Measured]


def of_stage(root: Path, stage: str, labels: Mapping[str, np.ndarray]) -> list[MeasuredCell]:
    """Return, for every cell that the settings ask of a stage, its tables and what others need of it.

    `labels` has the labels (M,) of the test images by setting.
    """
    remember = _memory(root).cache(_measured, ignore=["cell", "labels"])
    measured = []
    for cell in cells.read(root, stage):
        digest = _digest(cell)
        measured.append((digest, *remember(digest, cell, labels[cell.setting])))
    return measured


def differences(root: Path, compared: MeasuredCell, reference: MeasuredCell) -> pd.DataFrame:
    """Return what `tables.differences` returns of two cells."""
    remember = _memory(root).cache(_differences, ignore=["compared", "reference"])
    table: pd.DataFrame = remember(compared[0], reference[0], compared[2], reference[2])
    return table


def forget_the_oldest(root: Path) -> None:
    """Keep what is remembered within MOST bytes."""
    _memory(root).reduce_size(MOST)


def _measured(digest: str, cell: Cell, labels: np.ndarray) -> tuple[dict[str, pd.DataFrame], Measured]:
    decomposed = cell.decomposed(labels)
    of_cell = {
        "runs": tables.runs(cell),
        "summary": tables.summary(cell, decomposed),
        "curves": tables.curves(cell),
        "decomposition": tables.decomposition(cell, labels),
        "pseudo_values": tables.pseudo_values(cell, decomposed),
        "alike": alike.gaps(cell, labels),
        "memorised": memorised.shares(cell.root, cell),
    }
    return of_cell, Measured.of(cell, decomposed, labels)


def _differences(digest: str, of_reference: str, compared: Measured, reference: Measured) -> pd.DataFrame:
    return tables.differences(compared, reference)


def _digest(cell: Cell) -> str:
    """Return a digest of what is computed of a cell: its runs, as they are called, and the code."""
    runs = [(record.run.name, record.run.key, record.run.curves, record.processor) for record in cell.records]
    return hashlib.sha256(f"{_code()}{runs}".encode()).hexdigest()


@functools.cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for folder in CODE for path in (PACKAGE / folder).glob("*.py")):
        digest.update(f"{path.name}\n{uncommented(path.read_text(encoding='utf-8'))}".encode())
    return digest.hexdigest()


def _memory(root: Path) -> Memory:
    return Memory(main_checkout(root) / FOLDER, verbose=0)
