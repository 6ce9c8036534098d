"""Claims 4b and 9e, in the settings in which useless pixels stand beside the real ones.

4b, penalties make the network focus on the most important features. The real pixels are the important ones
there. Endpoints: the share of the squared weights of the first layer, and of the squared input gradients on
test images, that lies on real pixels (`measure.py`), for PENALTIES at the strength chosen for each, minus the
baseline as it is. Both are shares of what some training image uses: elsewhere a penalty shrinks weights that
the data never ask for. A share that rises by less than SHARE is no focus worth the name. The other methods
and the tuned baseline are shown, not judged.

9e, for sparse features L1 may suit better. Only some inputs tell anything there, so the features are sparse.
Endpoints: test error (points) and test cross-entropy (nats) of L2 minus L1, each at the strength chosen for
it, margins as in MARGINS. The claim says "may": one row that holds supports it.

Differences are paired by training set and tested by t. Power: with 12 pairs Holm's first step over four rows
finds an effect of 1.1 standard deviations of the paired differences with probability .8.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, sentence
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence
from pipeline.system.words import listed

PENALTIES = ("l1", "l2")
SHARE = 0.05
MARGINS = {"test_error": ("points", 0.1), "test_cross_entropy": ("nats", 0.005)}
MASSES = {"weights": "squared weights", "gradients": "squared input gradients"}


def _focus(tables: Tables) -> list[Evidence]:
    attention = tables["attention"]
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            f"share of the {mass} on real pixels",
            "share",
            paired_by_split(attention, setting, column, variant),
            SHARE,
        )
        for setting in attention.setting.unique()
        for variant in _present(attention, setting)
        for column, mass in MASSES.items()
    ]


def _l1_against_l2(tables: Tables) -> list[Evidence]:
    runs, attention = tables["study/runs"], tables["attention"]
    return [
        verdicts.paired(
            setting,
            f"{metric.replace('_', ' ')}, l2 minus l1",
            unit,
            paired_by_split(runs, setting, metric, "l2", "l1"),
            margin,
        )
        for setting in attention.setting.unique()
        if len(_present(attention, setting)) == len(PENALTIES)
        for metric, (unit, margin) in MARGINS.items()
    ]


def _present(attention: pd.DataFrame, setting: str) -> list[str]:
    variants = set(attention[attention.setting == setting].variant)
    return [variant for variant in PENALTIES if {variant, BASELINE} <= variants]


def _shares(tables: Tables, evidence: Sequence[Evidence]) -> str:
    attention, parts = tables["attention"], []
    for setting in attention.setting.unique():
        means = attention[attention.setting == setting].groupby("variant")[list(MASSES)].mean()
        for column, mass in MASSES.items():
            said = [f"{means.loc[name, column]:.0%} under {name}" for name in _present(attention, setting)]
            if said:
                without = f"{means.loc[BASELINE, column]:.0%} without a penalty"
                shares = listed([*said, without])
                parts.append(f"in {setting} the real pixels have {shares} of the {mass}")
    return sentence(parts)


def _scores(tables: Tables, evidence: Sequence[Evidence]) -> str:
    return sentence(
        [
            f"{row.endpoint} in {row.condition}: {row.estimate:+.3f} [{row.low:+.3f}, {row.high:+.3f}] "
            f"{row.unit}"
            for row in evidence
        ]
    )


_UNCHECKED = "No published figure was checked for this study."
CLAIMS = (
    Claim(
        number="4b",
        text="Penalties on the weights make the network focus on the most important features.",
        published=_UNCHECKED,
        evidence=_focus,
        finding=_shares,
    ),
    Claim(
        number="9e",
        text="For sparse features, L1 may suit better than L2.",
        published=(
            "Ng (2004): with many irrelevant features, L1 needs images in number like the logarithm of the "
            "features, L2 in number like the features (logistic regression)."
        ),
        evidence=_l1_against_l2,
        existential=True,
        finding=_scores,
    ),
)
