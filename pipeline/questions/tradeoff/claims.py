"""Claim 2: regularization trades bias for variance.

Endpoints: the slopes of bias and of variance over the steps of a strength path, no regularizer first,
for the squared error (squared bias) and the cross-entropy. 2a says that bias rises, 2b that variance
falls. A slope is tested over the jackknife's pseudo-values of the training sets by t, Holm-adjusted
within a setting, loss and term; below MARGINS (about a hundredth of the risk of these networks, a step)
it would be no trade worth the name. Every path under every loss is a condition.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

MARGINS = {"squared_error": ("squared error a step", 0.001), "cross_entropy": ("nats a step", 0.003)}


def _evidence(tables: Tables, term: str, sign: float) -> list[Evidence]:
    slopes, evidence = tables["slopes"], []
    for setting in slopes.setting.unique():
        for loss, (unit, margin) in MARGINS.items():
            of_loss = slopes[(slopes.setting == setting) & (slopes.metric == f"{loss}_{term}")]
            family = [
                verdicts.paired(
                    f"{variant} in {setting}",
                    f"slope of {term}, {loss.replace('_', ' ')}",
                    unit,
                    sign * rows.slope,
                    margin,
                )
                for variant, rows in of_loss.groupby("variant", sort=False)
            ]
            evidence += family
    return evidence


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say where on each path the risk is least: at neither end, there is a tradeoff to make."""
    paths = tables["paths"]
    risks = paths[paths.metric == "squared_error_risk"]
    inside, count = 0, 0
    for _, rows in risks.groupby(["setting", "variant"], sort=False):
        best = rows.loc[rows.estimate.idxmin()].step
        inside += rows.step.min() < best < rows.step.max()
        count += 1
    return f"The risk is least between the ends of {inside} of {count} paths (squared error)."


_PUBLISHED = (
    "Yang et al. (2020): bias falls with width, variance rises then falls; label noise raises the peak."
)
CLAIMS = (
    Claim(
        number="2a",
        text="Regularization raises bias.",
        published=_PUBLISHED,
        evidence=functools.partial(_evidence, term="bias", sign=1.0),
        finding=_finding,
    ),
    Claim(
        number="2b",
        text="Regularization lowers variance.",
        published=_PUBLISHED,
        evidence=functools.partial(_evidence, term="variance", sign=-1.0),
    ),
)
