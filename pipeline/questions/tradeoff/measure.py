"""Bias and variance along the strengths of a regularizer, by the shape of the network, and complexity.

A path begins without the regularizer (step 0, the baseline on the same training sets) and takes the
candidates of its variant one by one. The claims are judged at the strengths that were chosen, of which the
study's own tables have bias and variance: a path shows how the tradeoff goes, and its ends are arbitrary.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.params import BASELINE, Params
from pipeline.questions import paths
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.questions.tradeoff import complexity
from pipeline.science import bias_variance, comparison
from pipeline.science import metrics as scores

SHAPE = {"network", "splits", "inits", "crossed", "variants", "overrides"}  # what two settings may differ in


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `paths`, `sources`, `shapes`, `complexity` and `left_out`.

    `paths` has a row a step and metric. `sources` has a row a setting: what the variance of the baseline's
    squared error comes with, the training set, the initialisation, and the two together. `shapes` has a row
    a pair of settings that differ in their network alone. The rest is as `complexity` says.
    """
    sources = [
        {"setting": cell.setting} | vars(bias_variance.components(cell.log_probabilities))
        for cell in study.own(BASELINE)
    ]
    return {
        "paths": pd.DataFrame(_paths(study)),
        "sources": pd.DataFrame(sources),
        "shapes": pd.DataFrame(shapes(study.params), columns=["setting", "layers", "other", "other_layers"]),
        "complexity": complexity.measured(study),
        "left_out": complexity.left_out(study),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting and variant, the strength with the least risk (squared error)."""
    numbers: dict[str, dict[str, dict[str, float]]] = {}
    risks = tables["paths"][tables["paths"].metric == "squared_error_risk"]
    for (setting, variant), rows in risks.groupby(["setting", "variant"], sort=False):
        least = float(rows.loc[rows.estimate.idxmin()].strength)
        numbers.setdefault(setting, {})[variant] = {"least_risk_strength": least}
    return numbers


def shapes(params: Params) -> Iterator[tuple[str, str, str, str]]:
    """Yield pairs of settings that differ in the network alone: names and layers, the shallower first."""
    for pair in itertools.combinations(params.settings.items(), 2):
        alike = [setting.model_dump(exclude=SHAPE) for _, setting in pair]
        networks = [setting.network.network for _, setting in pair]
        if alike[0] == alike[1] and networks[0] != networks[1]:
            order = sorted((0, 1), key=lambda place: (networks[place].depth, networks[place].width))
            first, second = ((pair[place][0], networks[place].described) for place in order)
            yield (*first, *second)


def _paths(study: Study) -> Iterator[dict[str, Any]]:
    splits = study.section.splits
    baselines = {name: cell.first(splits) for name, cell in study.cells(BASELINE).items()}
    for (setting, variant), cells in paths.of(study).items():
        steps = [baselines[setting], *cells]
        labels = study.images(baselines[setting].run).test_labels
        for step, cell in enumerate(steps):
            rows: dict[str, comparison.Interval] = {
                name: comparison.mean_interval(comparison.replicates(cell.score(name)))
                for name in scores.scores()
            }
            rows |= {name: comparison.jackknife(values) for name, values in cell.decomposed(labels).items()}
            validation = float(cell.score("validation_cross_entropy").mean())
            at = {"setting": setting, "variant": variant, "step": step, "strength": paths.strength(cell.run)}
            for name, row in rows.items():
                limits = {"estimate": row.estimate, "low": row.low, "high": row.high, "n": row.n}
                yield at | {"metric": name, **limits, "validation_cross_entropy": validation}
