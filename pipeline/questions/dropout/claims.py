"""Claims 5a, 5b and 5c, on the chosen dropout of the main study.

Claim 5a: dropout makes units redundant, so that the network relies on no single one. Endpoint: by how many
points the test error rises when a random half of the hidden units is silenced, as a mean over masks that
both variants share; dropout minus baseline, paired by training set, in every setting that has dropout. The
claim says that dropout's rise is smaller. A difference below REDUNDANT points would be no redundancy worth
the name. The correlation between units is shown, not judged: redundant units may be correlated, and units
that were kept from co-adapting should not be, so the claim predicts no sign.

Claim 5b: at inference dropout is off, or predictions are averaged over dropout passes. The claim treats the
two as interchangeable. Endpoint: test error of the average of k passes minus that of weight scaling
(points), at the two numbers of passes JUDGED_PASSES, in every setting that has dropout. It holds where two
one-sided tests put the difference within +-EQUAL; it fails where the interval lies outside. Negative
log-likelihood and calibration are shown, not judged: a claim of equal accuracy says nothing of them.

Claim 5c: dropout can lengthen training. Endpoints, dropout minus baseline, paired by training set, in every
setting that has dropout and holds images out: epochs to the target, a validation cross-entropy within
TOLERANCE (in `duration.py`) of the best that the same replicate's baseline reaches; and the epoch of the
best validation cross-entropy. Longer by more than LONGER epochs is longer: nothing finer than an epoch is
measured. A run that never reaches the target counts as its last epoch + 1. This understates how long it
would take, so the first endpoint errs against the claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, sentence
from pipeline.questions.dropout import passes, silenced
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

REDUNDANT = 1.0  # points
JUDGED_PASSES = (50, 100)
EQUAL = 0.1  # points
LONGER = 1.0  # epochs


def _redundancy(tables: Tables) -> list[Evidence]:
    half = tables["errors"]
    half = half[half.share == silenced.HALF]
    return [
        verdicts.paired(
            setting,
            "rise of the error with half of the units silent",
            "points",
            -paired_by_split(half, setting, "rise", "dropout"),
            REDUNDANT,
        )
        for setting in half.setting.unique()
    ]


def _correlated(tables: Tables, evidence: Sequence[Evidence]) -> str:
    means = tables["correlation"].groupby(["setting", "variant"], sort=False).correlation.mean()
    parts = [
        f"in {saving.condition} dropout saves {saving.estimate:.1f} [{saving.low:.1f}, {saving.high:.1f}] "
        f"points; the mean |correlation| of two units is {means[saving.condition, 'dropout']:.3f} with "
        f"dropout and {means[saving.condition, 'baseline']:.3f} without"
        for saving in evidence
    ]
    where = f"With half of the units silent, on at most {silenced.IMAGES:,} of the test images, "
    return f"{where}{'; '.join(parts)}." if parts else ""


def _passes(tables: Tables) -> list[Evidence]:
    scores, evidence = tables["scores"], []
    for setting in scores.setting.unique():
        in_setting = scores[scores.setting == setting]
        errors = in_setting.pivot_table(index=["split", "init"], columns="passes", values="error")
        evidence += [
            verdicts.paired(
                setting,
                f"error of {number} passes against weight scaling",
                "points",
                errors[number] - errors[passes.SCALING],
                EQUAL,
                equality=True,
            )
            for number in JUDGED_PASSES
        ]
    return evidence


def _calibrated(tables: Tables, evidence: Sequence[Evidence]) -> str:
    scores, parts = tables["scores"], []
    most = scores.passes.max()
    for setting in scores.setting.unique():
        means = scores[scores.setting == setting].groupby("passes")[passes.SCORES].mean()
        scaling, averaged = means.loc[passes.SCALING], means.loc[most]
        parts.append(
            f"in {setting} the error of {most} passes is {averaged.error:.2f} % and that of weight scaling "
            f"{scaling.error:.2f} % (negative log-likelihood {averaged.nll:.3f} and {scaling.nll:.3f}, "
            f"calibration error {averaged.ece:.3f} and {scaling.ece:.3f})"
        )
    where = (
        f"On at most {passes.IMAGES:,} test images, with one initialisation a training set (all where there "
        "is one training set): "
    )
    return f"{where}{'; '.join(parts)}." if parts else ""


def _longer(tables: Tables) -> list[Evidence]:
    duration, evidence = tables["duration"], []
    for setting in duration.setting.unique():
        evidence += [
            verdicts.paired(
                setting, endpoint, "epochs", paired_by_split(duration, setting, column, "dropout"), LONGER
            )
            for column, endpoint in (("epochs", "epochs to the target"), ("best_epoch", "best epoch"))
        ]
    return evidence


def _epochs(tables: Tables, evidence: Sequence[Evidence]) -> str:
    duration, parts = tables["duration"], []
    for setting in duration.setting.unique():
        means = duration[duration.setting == setting].groupby("variant")[["epochs", "best_epoch"]].mean()
        dropout, baseline = means.loc["dropout"], means.loc["baseline"]
        parts.append(
            f"in {setting} dropout takes {dropout.epochs:.1f} epochs to the target and the baseline "
            f"{baseline.epochs:.1f}; their best epochs are {dropout.best_epoch:.1f} and "
            f"{baseline.best_epoch:.1f}"
        )
    return sentence(parts)


CLAIMS = (
    Claim(
        number="5a",
        text="Dropout makes units redundant: the network relies on no single one.",
        published="Srivastava et al. (2014): dropout keeps units from co-adapting.",
        evidence=_redundancy,
        finding=_correlated,
    ),
    Claim(
        number="5b",
        text="At inference dropout may be off, or predictions averaged over dropout passes.",
        published="Srivastava et al. (2014), Fig. 11, as quoted: about 50 passes meet weight scaling.",
        evidence=_passes,
        finding=_calibrated,
    ),
    Claim(
        number="5c",
        text="Dropout can lengthen training.",
        published="No published figure was checked for this study.",
        evidence=_longer,
        existential=True,
        finding=_epochs,
    ),
)
