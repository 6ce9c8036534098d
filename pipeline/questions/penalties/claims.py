"""Claim 4: penalising large weights improves performance on unseen data.

Endpoints: test cross-entropy (nats) and test error (points) of PENALTIES, the variants that penalise or
decay weights and do nothing else, each at the strength chosen for it, against the baseline with as many
tuning trials for its epochs and learning rate. Paired by training set, tested by t, Holm-adjusted within a
setting and endpoint. The claim says lower; below MARGINS it would be no improvement worth the name. A
limit on weights (max-norm) is no penalty and plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.params import TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, variants_of
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome

PENALTIES = ("l1", "l2", "l1_l2", "weight_decay")
MARGINS = {"test_cross_entropy": ("nats", 0.005), "test_error": ("points", 0.1)}


def _evidence(tables: Tables) -> list[Evidence]:
    runs, evidence = tables["study/runs"], []
    tuned = runs[runs.variant == TUNED_BASELINE].setting.unique()
    for setting in tuned:
        for endpoint, (unit, margin) in MARGINS.items():
            family = [
                verdicts.paired(
                    f"{variant} in {setting}",
                    endpoint.replace("_", " "),
                    unit,
                    -paired_by_split(runs, setting, endpoint, variant, TUNED_BASELINE),
                    margin,
                )
                for variant in variants_of(runs, setting)
                if variant in PENALTIES
            ]
            evidence += family
    return evidence


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    if not evidence:
        return ""
    improved = {
        unit: sum(row.outcome is Outcome.HOLDS for row in evidence if row.unit == unit)
        for unit in ("nats", "points")
    }
    return (
        f"Of {len(evidence) // 2} comparisons with the tuned baseline, {improved['nats']} lower the "
        f"cross-entropy and {improved['points']} the error."
    )


CLAIMS = (
    Claim(
        number="4",
        text="Penalising large weights improves performance on unseen data.",
        published=(
            "Srivastava et al. (2014), Table 9, as quoted: L2 1.62 %, L2+L1 1.60 % on MNIST at full size, "
            "each tuned; max-norm 1.35 %, dropout with max-norm 1.05 %."
        ),
        evidence=_evidence,
        finding=_finding,
    ),
)
