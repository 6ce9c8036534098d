"""The textbook program at full size, with dropout and without: paired initialisations.

Its setting is the one that holds nothing out, where a fifth of the units is dropped.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation import tables as evaluation
from pipeline.evaluation.replicates import replicate_means
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.science import comparison
from pipeline.science.metrics import compared

SETTING, VARIANT = "notebook", "dropout"
MARGIN = 0.1  # points of error: what the equivalence test takes for none


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `pairs`, a row an initialisation and metric: with dropout, without, and the difference.

    Empty where the study has no such setting.
    """
    cells = [study.cells(variant).get(SETTING) for variant in (BASELINE, VARIANT)]
    rows = []
    if None not in cells:
        tables = (evaluation.runs(cell) for cell in cells if cell)
        without, with_ = (table.set_index(["split", "init"]) for table in tables)
        for metric in compared():
            for (split, init), value in with_[metric].items():
                reference = without[metric][split, init]
                pair = {"dropout": value, "baseline": reference, "difference": value - reference}
                rows.append({"metric": metric, "split": split, "init": init, **pair})
    names = ["metric", "split", "init", "dropout", "baseline", "difference"]
    return {"pairs": pd.DataFrame(rows, columns=names)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return the mean difference of each metric with its limits, and the pairs that MARGIN would need."""
    numbers: dict[str, Any] = {}
    for metric, rows in tables["pairs"].groupby("metric", sort=False):
        differences = replicate_means(rows, "difference")
        interval = comparison.mean_interval(differences)
        numbers[str(metric)] = {
            "difference": round(interval.estimate, 6),
            "low": round(interval.low, 6),
            "high": round(interval.high, 6),
        }
        if metric == "test_error" and differences.std() > 0:
            numbers["pairs_needed"] = comparison.replicates_needed(float(differences.std()), MARGIN)
    return numbers
