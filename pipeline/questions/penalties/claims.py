"""Claim 4: penalising large weights improves performance on unseen data, and fits less noise.

Both parts judge PENALTIES, the variants that penalise or decay weights and do nothing else, each at the
strength chosen for it. A limit on weights (max-norm) is no penalty and plays no part. Differences are paired
by training set and tested by t. Every penalty in every setting is a condition.

Claim 4a, it improves performance. Endpoints: test cross-entropy (margin .005 nats) and test error (margin .1
points), lower than both rivals': the same training without the penalty, and the baseline whose epochs and
learning rate were tuned with as many trials. Both are evidence, in a row each: where training labels are
wrong the tuned baseline is a network stopped early, and a penalty can beat one rival and lose to the other.

Claim 4c, it fits less noise. Only with wrong training labels, several training sets and dense networks.
Endpoint: the share of the wrong labels that the finished network puts out of the images that it trained on,
minus that of as many wrong labels of unseen images; lower than in the same training without the penalty
(margin .10).
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, sentence
from pipeline.questions.evidence import RIVALS, learned, on_unseen_data, wrong_labels
from pipeline.science.verdicts import Evidence

PENALTIES = ("l1", "l2", "l1_l2", "weight_decay")


def _unseen(tables: Tables) -> list[Evidence]:
    return on_unseen_data(tables["study/runs"], PENALTIES)


def _both(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say, by condition, by how much the test error is lower than each rival's."""
    changes: dict[str, list[str]] = {}
    for row in evidence:
        if row.unit == "points":
            changes.setdefault(row.condition, []).append(f"{row.estimate:+.2f}")
    parts = [f"{condition} {' and '.join(each)}" for condition, each in changes.items()]
    rivals = " and on ".join(RIVALS.values())
    return f"Points of test error gained on {rivals}: {'; '.join(parts)}." if parts else ""


def _fitted(tables: Tables) -> list[Evidence]:
    return wrong_labels(tables["study/memorised"], PENALTIES)


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    return sentence(learned(tables["study/memorised"], PENALTIES))


_ZHANG = "Zhang et al. (2017), as quoted: explicit regularization is neither necessary nor sufficient."
CLAIMS = (
    Claim(
        number="4a",
        text="Penalising large weights improves performance on unseen data.",
        published=(
            "Srivastava et al. (2014), Table 9, as quoted: L2 1.62 %, L2+L1 1.60 % on MNIST at full size, "
            "each tuned; max-norm 1.35 %, dropout with max-norm 1.05 %."
        ),
        evidence=_unseen,
        finding=_both,
    ),
    Claim(
        number="4c",
        text="A network with penalised weights fits less noise.",
        published=_ZHANG,
        evidence=_fitted,
        finding=_learned,
    ),
)
