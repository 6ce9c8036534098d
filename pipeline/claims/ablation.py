"""Claim 5a: dropout makes units redundant, so that the network relies on no single one.

Endpoint: by how many points the test error rises when a random half of the hidden units is silenced
(SHARE), mean over masks that both variants share; dropout minus baseline, paired by training set. The
claim says that dropout's rise is smaller; a difference below MARGIN points would be no redundancy worth
the name. The chosen dropout of the main study, in every setting that has it. The correlation between
units is shown, not judged: redundant units may be correlated, units that were kept from co-adapting
should not be, so the claim predicts no sign.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.claims.claim import Claim, Tables, paired_by_split
from pipeline.probes.ablation import IMAGES
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

SHARE = 0.5
MARGIN = 1.0


def _evidence(tables: Tables) -> list[Evidence]:
    half = tables["ablation/errors"]
    half = half[half.share == SHARE]
    return verdicts.adjusted(
        [
            verdicts.paired(
                setting,
                "rise of the error with half of the units silent",
                "points",
                -paired_by_split(half, setting, "rise", "dropout"),
                MARGIN,
            )
            for setting in half.setting.unique()
        ]
    )


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    means = tables["ablation/correlation"].groupby(["setting", "variant"], sort=False).correlation.mean()
    said = [
        f"in {one.condition} dropout saves {one.estimate:.1f} [{one.low:.1f}, {one.high:.1f}] points; "
        f"the mean |correlation| of two units is {means[one.condition, 'dropout']:.3f}, without it "
        f"{means[one.condition, 'baseline']:.3f}"
        for one in evidence
    ]
    on = f"With half of the units silent, on at most {IMAGES:,} of the test images, "
    return f"{on}{'; '.join(said)}." if said else ""


CLAIMS = (
    Claim(
        number="5a",
        text="Dropout makes units redundant: the network relies on no single one.",
        published="Srivastava et al. (2014): dropout keeps units from co-adapting.",
        evidence=_evidence,
        finding=_finding,
    ),
)
