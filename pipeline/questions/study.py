"""What a question may look at: the cells, the data and the parameters of the finished study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.evaluation import cells
from pipeline.evaluation.cells import Cell, scaled
from pipeline.params import BASELINE, TUNED_BASELINE, Params
from pipeline.plan import Run
from pipeline.questions.base import Question
from pipeline.system.files import read_table
from pipeline.system.words import coded

__all__ = ["TABLES", "Study", "scaled"]

TABLES = Path("reports/tables")


@dataclass(frozen=True, eq=False)
class Study:
    """The finished study below `root`, as far as a question may read it."""

    root: Path
    params: Params
    question: Question

    @property
    def section(self) -> Any:
        """Return the question's section of `params.yaml`."""
        return self.params.section(self.question.name)

    def images(self, run: Run) -> Images:
        """Return all images of the source that a run has its data from."""
        return prepared.read_images(self.root, run.source)

    def test_sample(self, run: Run, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return no more than `most` test images (m, pixels), float32 in [0, 1], and their labels (m,).

        They lie evenly over the whole: the first of MNIST's are harder than the last.
        """
        data = self.replicate(run, run.split)
        every = -(-len(data.test_labels) // most)
        return scaled(data.test_images[::every]), data.test_labels[::every]

    def replicate(self, run: Run, split: int) -> prepared.Replicate:
        """Return the data of the runs on a training set, under the condition of `run`."""
        return prepared.replicate(self.images(run), prepared.read_split(self.root, run.setting), split)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the study, with the rows of the variants that the question reads.

        What is adjusted over all variants of a setting is left out where it does not read them all.
        """
        table = read_table(self.root / TABLES / f"{name}.csv")
        known = self.question.reads(self.params)
        if set(known) == set(self.params.stages) or "variant" not in table:
            return table
        baselines = [BASELINE, TUNED_BASELINE] if BASELINE in known else []
        kept = table[table.variant.isin([*baselines, *known])]
        return kept.drop(columns="p_holm", errors="ignore").reset_index(drop=True)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table of the study, as `study/<name>`."""
        paths = sorted((self.root / TABLES).glob("*.csv"))
        return {f"study/{path.stem}": self.table(path.stem) for path in paths}

    def cells(self, variant: str) -> dict[str, Cell]:
        """Return the cells of a variant in the settings, by setting; none of one that is not declared."""
        return {cell.setting: cell for cell in self._read(variant, question="")}

    def dense(self, variant: str) -> dict[str, Cell]:
        """Return the cells of a variant whose networks can be applied here, by setting."""
        return {setting: cell for setting, cell in self.cells(variant).items() if cell.is_dense}

    def left_out(self, variant: str) -> list[str]:
        """Return a sentence that names the settings of a variant whose networks cannot; none if all can."""
        settings = [setting for setting, cell in self.cells(variant).items() if not cell.is_dense]
        if not settings:
            return []
        return [f"What looks into the networks needs dense ones, and leaves out {coded(settings)}."]

    def own(self, *variants: str) -> Iterator[Cell]:
        """Yield the cells that the question itself asked for, of these variants, in the order of the plan."""
        for variant in variants:
            yield from self._read(variant, self.question.name)

    def _read(self, variant: str, question: str) -> Iterator[Cell]:
        stage = BASELINE if variant == TUNED_BASELINE else variant
        if stage not in self.params.stages:
            return
        if stage not in self.question.reads(self.params):
            raise ValueError(f"{self.question.name}: expected {stage} among its READS")
        for cell in cells.read(self.root, stage, question):
            if cell.variant == variant:
                yield cell
