"""Claim 5c: dropout can lengthen training.

Endpoints, dropout minus baseline, paired by training set, the chosen dropout of the main study, in every
setting that holds images out: epochs to the target, a validation cross-entropy within TOLERANCE (in
`pipeline.probes.stopping`) of the best that the same replicate's baseline reaches; and the epoch of the
best validation cross-entropy. Longer by more than MARGIN epoch is longer: finer than an epoch nothing is
measured. A run that never reaches the target counts as its last epoch + 1, which understates how long it
would take, so the first endpoint errs against the claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.claims.claim import Claim, Tables, paired_by_split, sentence
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

MARGIN = 1.0


def _evidence(tables: Tables) -> list[Evidence]:
    duration, found = tables["stopping/duration"], []
    for setting in duration.setting.unique():
        found += verdicts.adjusted(
            [
                verdicts.paired(
                    setting, name, "epochs", paired_by_split(duration, setting, column, "dropout"), MARGIN
                )
                for column, name in (("epochs", "epochs to the target"), ("best_epoch", "best epoch"))
            ]
        )
    return found


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    duration = tables["stopping/duration"]
    said = []
    for setting in duration.setting.unique():
        means = duration[duration.setting == setting].groupby("variant")[["epochs", "best_epoch"]].mean()
        one, other = means.loc["dropout"], means.loc["baseline"]
        said.append(
            f"in {setting} dropout takes {one.epochs:.1f} epochs to the target and the baseline "
            f"{other.epochs:.1f}; their best epochs are {one.best_epoch:.1f} and {other.best_epoch:.1f}"
        )
    return sentence(said)


CLAIMS = (
    Claim(
        number="5c",
        text="Dropout can lengthen training.",
        published="No published figure was checked for this study.",
        evidence=_evidence,
        existential=True,
        finding=_finding,
    ),
)
