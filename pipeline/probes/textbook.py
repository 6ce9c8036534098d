"""The textbook program at full size, with dropout and without: paired initialisations.

Its setting is the one that holds nothing out, where a fifth of the units is dropped.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation import cells, tables
from pipeline.params import BASELINE
from pipeline.probes.study import Study, replicate_means
from pipeline.science import comparison

SETTING, VARIANT = "notebook", "dropout"
MARGIN = 0.1  # points of error: what the equivalence test takes for none
METRICS = ("test_error", "test_cross_entropy", "cross_entropy_gap")


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `pairs`, a row an initialisation and metric: with dropout, without, and the difference.

    Empty where the study has no such setting.
    """
    found = [
        tables.runs(cell)
        for part in (BASELINE, VARIANT)
        if part in study.params.parts
        for cell in cells.read(study.root, part)
        if cell.setting == SETTING
    ]
    rows = []
    if len(found) == 2:
        without, with_ = (frame.set_index(["split", "init"]) for frame in found)
        for metric in METRICS:
            for (split, init), value in with_[metric].items():
                other = without[metric][split, init]
                pair = {"dropout": value, "baseline": other, "difference": value - other}
                rows.append({"metric": metric, "split": split, "init": init, **pair})
    names = ["metric", "split", "init", "dropout", "baseline", "difference"]
    return {"pairs": pd.DataFrame(rows, columns=names)}


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the mean difference of each metric with its limits, and the pairs that MARGIN would need."""
    found: dict[str, Any] = {}
    for metric, rows in tables["pairs"].groupby("metric", sort=False):
        differences = replicate_means(rows, "difference")
        interval = comparison.mean_interval(differences)
        found[str(metric)] = {
            "difference": round(interval.estimate, 6),
            "low": round(interval.low, 6),
            "high": round(interval.high, 6),
        }
        if metric == "test_error" and differences.std() > 0:
            found["pairs_needed"] = comparison.replicates_needed(float(differences.std()), MARGIN)
    return found
