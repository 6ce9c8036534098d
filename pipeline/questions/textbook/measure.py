"""The textbook program at full size, with dropout and without: paired initialisations.

Its setting is the one that holds nothing out, where a fifth of the units is dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation import tables as evaluation
from pipeline.evaluation.cells import Cell
from pipeline.evaluation.replicates import replicate_means
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.science import comparison, diagnostics
from pipeline.science.metrics import METRICS, compared

SETTING, VARIANT = "notebook", "dropout"
MARGIN = 0.2  # points of error: what the equivalence tests take for none
CALIBRATION = "calibration_error"  # expected, in points: 15 bins of equal mass
AT = ["split", "init"]


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `pairs` and `compared`; both empty where the study has no such setting.

    `pairs` has a row an initialisation and metric: with dropout, without, and the difference. `compared` has
    a row a metric: the means, and the mean difference with its limits over the replicates.
    """
    cells = [study.cells(variant).get(SETTING) for variant in (BASELINE, VARIANT)]
    rows: list[dict[str, Any]] = []
    if None not in cells:
        without, with_ = (_scores(study, cell) for cell in cells if cell)
        for metric in (*compared(), CALIBRATION):
            for (split, init), value in with_[metric].items():
                reference = without[metric][split, init]
                pair = {"dropout": value, "baseline": reference, "difference": value - reference}
                rows.append({"metric": metric, "split": split, "init": init, **pair})
    pairs = pd.DataFrame(rows, columns=["metric", *AT, "dropout", "baseline", "difference"])
    return {"pairs": pairs, "compared": _compared(pairs)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return the mean difference of each metric with its limits, and the pairs that MARGIN would need."""
    numbers: dict[str, Any] = {
        row.metric: {name: round(getattr(row, name), 6) for name in ("difference", "low", "high")}
        for row in tables["compared"].itertuples()
    }
    pairs = tables["pairs"]
    differences = replicate_means(pairs[pairs.metric == "test_error"], "difference")
    if differences.std() > 0:
        numbers["pairs_needed"] = comparison.replicates_needed(float(differences.std()), MARGIN)
    return numbers


def _scores(study: Study, cell: Cell) -> pd.DataFrame:
    """Return a row a run, by split and init, of every score and the calibration error."""
    labels = study.images(cell.run).test_labels
    bins = min(15, len(labels))
    errors = [
        100.0 * diagnostics.calibration_error(np.exp(logs), labels, bins)
        for row in cell.log_probabilities
        for logs in row
    ]
    return evaluation.runs(cell).assign(**{CALIBRATION: errors}).set_index(AT)


def _compared(pairs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for metric, of_metric in pairs.groupby("metric", sort=False):
        interval = comparison.mean_interval(replicate_means(of_metric, "difference"))
        rows.append(
            {
                "metric": metric,
                "label": METRICS[metric].label if metric in METRICS else "calibration error",
                "unit": METRICS[metric].difference_unit if metric in METRICS else "points",
                "baseline": of_metric.baseline.mean(),
                "dropout": of_metric.dropout.mean(),
                "difference": interval.estimate,
                "low": interval.low,
                "high": interval.high,
                "n": interval.n,
            }
        )
    columns = ["metric", "label", "unit", "baseline", "dropout", "difference", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)
