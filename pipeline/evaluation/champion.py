"""The champion: the network that the study chooses, as a file that DVC offers as an artifact.

It is chosen as the alias of that name in MLflow is, by validation loss and never by the test set.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import records
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.records import Record, Row
from pipeline.records.files import below, row, savez
from pipeline.system import untrusted

FILE = Path("results/champion.npz")
CHOSEN_BY = "validation_cross_entropy"


def best(replicates: pd.DataFrame) -> pd.Series:
    """Return the replicate with the lowest validation loss; the first where nothing is held out."""
    return replicates.loc[_losses(replicates).idxmin()]


def choose(runs: pd.DataFrame) -> pd.Series:
    """Return the champion's run among `runs`, which has a row a run: settings in order, baselines first.

    The setting is the first that holds images out. The variant is the one with the lowest mean validation
    loss there, and the run its best replicate. Where no setting holds images out, both are the first.
    """
    held_out = runs[runs[CHOSEN_BY].notna()]
    compared = runs[runs.setting == (held_out if len(held_out) else runs).setting.iloc[0]]
    means = _losses(compared).groupby(compared.variant, sort=False).mean()
    return best(compared[compared.variant == means.idxmin()])


def write(root: Path, runs: pd.DataFrame) -> None:
    """Write the champion among `runs`: its weights by path, and its record as JSON under `row`.

    The file is byte for byte the same for the same run.
    """
    chosen = choose(runs)
    stage = BASELINE if chosen.variant == TUNED_BASELINE else chosen.variant
    finished = records.cells(root, stage)[f"{chosen.setting}/{chosen.variant}"]
    (record,) = (record for record in finished.reported if record.run.key == chosen.run_key)
    weights = records.read_weights(root, stage, record.run.key)
    arrays = {f"weights/{path}": values for path, values in weights.items()}
    (root / FILE).unlink(missing_ok=True)  # a link into DVC's cache is replaced, never written through
    with (root / FILE).open("xb") as file:
        savez(file, {"row": np.array(row(record).model_dump_json())} | arrays)


def read(path: Path) -> tuple[Record, dict[str, np.ndarray]]:
    """Return the record of the champion and its weights by their paths. Raises UserError."""
    archived = untrusted.arrays(path)
    with untrusted.reading(path):
        return Row.model_validate_json(str(archived["row"])).record(), below(archived, "weights/")


def _losses(runs: pd.DataFrame) -> pd.Series:
    return runs[CHOSEN_BY].fillna(math.inf)
