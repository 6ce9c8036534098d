"""Claim 1: regularization prevents overfitting.

Endpoints: the train-test gap in cross-entropy (nats) and in error (points), unpenalised and in inference
mode, of every variant against the same network without it (not the tuned one: it is a regularizer
itself). Paired by training set, tested by t, Holm-adjusted within a setting and endpoint. The claim says
that the gap is narrower; below MARGINS it would be no narrowing worth the name. Every variant in every
setting is a condition.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, variants_of
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

MARGINS = {"cross_entropy_gap": ("nats", 0.01), "error_gap": ("points", 0.1)}


def _evidence(tables: Tables) -> list[Evidence]:
    runs, evidence = tables["study/runs"], []
    for setting in runs.setting.unique():
        for endpoint, (unit, margin) in MARGINS.items():
            family = [
                verdicts.paired(
                    f"{variant} in {setting}",
                    endpoint.replace("_", " "),
                    unit,
                    -paired_by_split(runs, setting, endpoint, variant),
                    margin,
                )
                for variant in variants_of(runs, setting)
            ]
            evidence += family
    return evidence


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    gaps = [row for row in evidence if row.unit == "nats"]
    if not gaps:
        return ""
    most = max(gaps, key=lambda row: row.estimate)
    return (
        f"The widest narrowing of the gap in cross-entropy is {most.estimate:.3f} [{most.low:.3f}, "
        f"{most.high:.3f}] nats ({most.condition})."
    )


CLAIMS = (
    Claim(
        number="1",
        text="Regularization prevents overfitting: it narrows the gap to unseen data.",
        published=(
            "Zhang et al. (2017), as quoted: explicit regularization is neither necessary nor sufficient."
        ),
        evidence=_evidence,
        finding=_finding,
    ),
)
