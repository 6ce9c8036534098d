"""Claim 1: regularization adds a penalty, prevents overfitting and memorising, and helps on unseen data.

1a is a definition: it says which of the variants add a penalty to the loss, and what the others do to the
gap. The rest is judged under every variant in every setting, at the strength that was chosen for it.
Differences are paired by training set and tested by t.

Claim 1b, the gap is narrower. Endpoints: test minus train cross-entropy (margin .01 nats) and error (margin
.1 points), in inference mode and without penalties, against the same training without the variant. Train and
test are labelled alike: where training labels are wrong, the test scores are those expected if as many test
labels were. The tuned baseline is no rival here, for its epochs were chosen: it is a way to narrow the gap
itself. Its gap is shown beside.

Claim 1c, it does not memorise. Only with wrong training labels, several training sets and dense networks.
Endpoint: the share of the wrong labels that the finished network puts out of the images that it trained on,
minus that of as many wrong labels of unseen images; lower than the baseline's (margin .10).

Claim 1d, it helps on unseen data. Endpoints: test cross-entropy (margin .005 nats) and test error (margin .1
points), lower than both rivals': the same training without the variant, and the baseline whose epochs and
learning rate were tuned with as many trials. Both are evidence, in a row each.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.params import TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, Definition, paired_by_split, sentence, variants_of
from pipeline.questions.evidence import RIVALS, by_place, learned, on_unseen_data, wrong_labels
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome
from pipeline.system.words import coded, counted, of

GAPS = {
    "cross_entropy_gap": ("gap of the cross-entropy", "nats", 0.01),
    "error_gap": ("gap of the error", "points", 0.1),
}


def _narrowed(tables: Tables) -> list[Evidence]:
    gaps = tables["study/alike"]
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            name,
            unit,
            -paired_by_split(gaps, setting, gap, variant),
            margin,
        )
        for setting in gaps.setting.unique()
        for gap, (name, unit, margin) in GAPS.items()
        for variant in variants_of(gaps, setting)
    ]


def _widest(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say where the gap is narrowed most, and how the tuned baseline's compares."""
    rows = [row for row in evidence if row.unit == "nats"]
    if not rows:
        return ""
    most = max(rows, key=lambda row: row.estimate)
    gaps = tables["study/alike"]
    means = gaps.groupby(["setting", "variant"]).cross_entropy_gap.mean().unstack()
    said = (
        f"The gap in cross-entropy narrows most, by {most.estimate:.3f} [{most.low:.3f}, {most.high:.3f}] "
        f"nats, with {most.condition}."
    )
    if TUNED_BASELINE not in means:
        return said
    tuned = means[TUNED_BASELINE].dropna()
    others = means.loc[tuned.index, [name for name in means.columns if name not in RIVALS]]
    narrower = of(int(others.lt(tuned, axis=0).sum().sum()), int(others.count().sum()))
    return f"{said} It is narrower than that of the tuned baseline, too, in {narrower} conditions."


def _memorised(tables: Tables) -> list[Evidence]:
    return wrong_labels(tables["study/memorised"])


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    memorised = tables["study/memorised"]
    variants = [name for setting in memorised.setting.unique() for name in variants_of(memorised, setting)]
    return sentence(learned(memorised, variants))


def _unseen(tables: Tables) -> list[Evidence]:
    return on_unseen_data(tables["study/runs"])


def by_rival(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say against each rival how often the test error is lower, and how often it is higher."""
    parts = []
    for words in RIVALS.values():
        rows = [row for row in evidence if row.endpoint == f"test error, against {words}"]
        if rows:
            lower, higher = (
                sum(row.outcome is outcome for row in rows) for outcome in (Outcome.HOLDS, Outcome.REVERSED)
            )
            parts.append(
                f"against {words} the test error is lower in {of(lower, len(rows))} conditions and higher in "
                f"{higher or 'none'}"
            )
    return sentence(parts)


_ZHANG = "Zhang et al. (2017), as quoted: explicit regularization is neither necessary nor sufficient."
NARROWS = Claim(
    number="1b",
    text="Regularization prevents overfitting: the gap between training and unseen data is narrower.",
    published=_ZHANG,
    evidence=_narrowed,
    finding=_widest,
)


def _penalties(tables: Tables) -> str:
    """Say which variants add a penalty to the loss, and whether the others narrow the gap all the same."""
    methods: pd.DataFrame = tables["methods"]
    adding = list(methods[methods.penalty].variant)
    others = list(methods[~methods.penalty].variant)
    those = f"{coded(adding)} {'adds' if len(adding) == 1 else 'add'}" if adding else "none adds"
    said = f"Of {counted(len(methods), 'variant')}, {those} a penalty to the loss."
    judged = [
        (row.condition, row.outcome)
        for row in NARROWS.judged_by(tables)
        if row.unit == "nats" and row.condition.partition(" in ")[0] in others
    ]
    if not judged:
        return said
    said += f" Of those that do not, {by_place(judged, 'narrow', 'the gap in cross-entropy')}."
    if any(outcome is Outcome.HOLDS for _, outcome in judged):
        said += " So the definition covers only a part of what is studied here."
    return said


CLAIMS = (
    Definition(
        number="1a",
        text="Regularization adds a penalty to the loss.",
        covers=_penalties,
    ),
    NARROWS,
    Claim(
        number="1c",
        text="Regularization keeps the network from memorising the training data.",
        published=_ZHANG,
        evidence=_memorised,
        finding=_learned,
    ),
    Claim(
        number="1d",
        text="Regularization improves the performance on unseen data.",
        published=(
            "Srivastava et al. (2014), Table 9, as quoted: on MNIST at full size max-norm 1.35 %, L2 1.62 %, "
            "dropout with max-norm 1.05 %."
        ),
        evidence=_unseen,
        finding=by_rival,
    ),
)
