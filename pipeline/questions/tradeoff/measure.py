"""Bias, variance, risk and gap along the strengths of a regularizer: the tradeoff, drawn.

A path begins without the regularizer (step 0, the baseline on the same training sets) and takes the
candidates of its variant one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions import paths
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.science import bias_variance, comparison
from pipeline.science import metrics as scores

SLOPES = ("squared_error_bias", "squared_error_variance", "cross_entropy_bias", "cross_entropy_variance")


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `paths`, a row a step and metric, `slopes`, a row a replicate, and `sources`, a row a setting.

    A slope is that of the least-squares line over the steps, in the metric's unit a step. Bias and variance,
    which only several training sets have, give the jackknife's pseudo-value of a training set (Tukey 1958),
    so that it can be tested like any replicate. `sources` has what the variance of the baseline's squared
    error comes with: the training set, the initialisation, and the two together.
    """
    splits = study.section.splits
    baselines = {name: cell.first(splits) for name, cell in study.cells(BASELINE).items()}
    points, slopes = [], []
    for (setting, variant), cells in paths.of(study).items():
        place = {"setting": setting, "variant": variant}
        steps = [baselines[setting], *cells]
        labels = study.images(baselines[setting].run).test_labels
        decomposed = [cell.decomposed(labels) for cell in steps]
        for step, (cell, terms) in enumerate(zip(steps, decomposed, strict=True)):
            rows: dict[str, comparison.Interval] = {
                name: comparison.mean_interval(comparison.replicates(cell.score(name)))
                for name in scores.scores()
            }
            rows |= {name: comparison.jackknife(values) for name, values in terms.items()}
            validation = float(cell.score("validation_cross_entropy").mean())
            at = place | {"step": step, "strength": paths.strength(cell.run)}
            points += [
                at | {"metric": name, **_limits(row), "validation_cross_entropy": validation}
                for name, row in rows.items()
            ]
        for metric in SLOPES:
            of_all, *without = _slope(np.array([terms[metric] for terms in decomposed]))
            n = len(without)
            pseudo = [n * of_all - (n - 1) * left for left in without]
            slopes += [place | {"metric": metric, "replicate": i, "slope": v} for i, v in enumerate(pseudo)]
        gaps = np.array([comparison.replicates(cell.score("cross_entropy_gap")) for cell in steps])
        slopes += [
            place | {"metric": "cross_entropy_gap", "replicate": i, "slope": v}
            for i, v in enumerate(_slope(gaps))
        ]
    sources = [
        {"setting": cell.setting} | vars(bias_variance.components(cell.log_probabilities))
        for cell in study.own(BASELINE)
    ]
    return {
        "paths": pd.DataFrame(points),
        "slopes": pd.DataFrame(slopes),
        "sources": pd.DataFrame(sources),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting and variant, the slopes, and the strength with the least risk (squared error)."""
    numbers: dict[str, dict[str, dict[str, float]]] = {}
    means = tables["slopes"].groupby(["setting", "variant", "metric"], sort=False).slope.mean()
    for (setting, variant, metric), slope in means.items():
        of_path = numbers.setdefault(setting, {}).setdefault(variant, {})
        of_path[f"{metric}_slope"] = round(float(slope), 6)
    risks = tables["paths"][tables["paths"].metric == "squared_error_risk"]
    for (setting, variant), rows in risks.groupby(["setting", "variant"], sort=False):
        numbers[setting][variant]["least_risk_strength"] = float(rows.loc[rows.estimate.idxmin()].strength)
    return numbers


def _slope(values: np.ndarray) -> np.ndarray:
    """Return the least-squares slopes (n,) of values (steps, n) over the steps."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    return np.asarray(steps @ values / (steps @ steps))


def _limits(row: comparison.Interval) -> dict[str, float]:
    return {"estimate": row.estimate, "low": row.low, "high": row.high, "n": row.n}
