"""Claims 6a and 6b: early stopping halts when the validation error starts to rise, before memorising.

Both are judged in every setting whose early stopping was tuned.

Claim 6a, on the baseline's full-length histories. It holds where loss and error rise:
- Does the validation loss rise after the epoch that the rule on the loss restores? Endpoint: the mean of the
  last epochs (LAST in `measure.py`) minus the restored one, relative to it (margin RISE_LOSS). The restored
  value is a minimum, hence a little too low; the margin is far above that.
- Does the validation error rise after that same epoch? Endpoint: in points (margin RISE_ERROR). The epoch was
  chosen by the loss, so the error there is not a minimum of its own noise. (After an epoch chosen as the
  lowest error it would rise by selection alone.)

Claim 6b, only with wrong training labels and several training sets. It holds where fewer wrong labels are
learned, and hardly any at all:
- Does the restored network of `early_stopping` output fewer of them than the baseline at its end? Endpoint: a
  share (margin MEMORISED).
- Is its share within MEMORISED of what a network outputs of the wrong labels of images that it never saw?
  This asks whether it stops before memorising, not only before memorising everything. It holds where two
  one-sided tests say so, and is reversed where the excess lies above the margin.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, sentence
from pipeline.questions.early_stopping.measure import SHOWN_PATIENCE
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

RISE_LOSS = 0.05
RISE_ERROR = 0.1
MEMORISED = 0.10


def _rises(tables: Tables) -> list[Evidence]:
    rises, evidence = tables["rises"], []
    for setting in rises.setting.unique():
        rows = rises[rises.setting == setting]
        loss, error = (replicate_means(rows, column) for column in ("loss_rise", "error_rise"))
        evidence += [
            verdicts.paired(setting, "rise of the validation loss", "share", loss, RISE_LOSS),
            verdicts.paired(setting, "rise of the validation error", "points", error, RISE_ERROR),
        ]
    return evidence


def _memorised(tables: Tables) -> list[Evidence]:
    memorised, evidence = tables["memorised"], []
    for setting in memorised.setting.unique():
        stopped = memorised[(memorised.setting == setting) & (memorised.variant == "early_stopping")]
        excess = replicate_means(stopped.assign(excess=stopped.seen - stopped.unseen), "excess")
        evidence += [
            verdicts.paired(
                setting,
                "wrong labels learned, baseline minus stopped",
                "share",
                -paired_by_split(memorised, setting, "seen", "early_stopping"),
                MEMORISED,
            ),
            verdicts.paired(
                setting,
                "wrong labels learned, above unseen ones",
                "share",
                excess,
                MEMORISED,
                equality=True,
            ),
        ]
    return evidence


def _regret(tables: Tables, evidence: Sequence[Evidence]) -> str:
    stops = tables["stops"]
    shown = stops[stops.patience == SHOWN_PATIENCE].groupby(["setting", "criterion"], sort=False)
    parts = [
        f"stopping on the {str(criterion).replace('_', ' ')} in {setting} (patience {SHOWN_PATIENCE}) saves "
        f"{rows.epochs_saved.mean():.0f} of {(rows.epochs_saved + rows.stopped).mean():.0f} epochs at a "
        f"regret of {rows.loss_regret.mean():.3f} nats and {rows.error_regret.mean():.2f} points"
        for (setting, criterion), rows in shown
    ]
    return sentence(parts)


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    means = tables["memorised"].groupby(["setting", "variant"])[["seen", "unseen"]].mean()
    parts = [
        f"in {setting} {variant.replace('_', ' ')} outputs {shares.seen:.0%} of the wrong labels that it "
        f"trained on ({shares.unseen:.0%} of those that it did not)"
        for (setting, variant), shares in means.iterrows()
    ]
    return sentence(parts)


_PRECHELT = "Prechelt (1998), 1,296 runs: slower criteria generalise 4 % better at 4 times the time."
CLAIMS = (
    Claim(
        number="6a",
        text="Early stopping halts where the validation loss and error start to rise.",
        published=_PRECHELT,
        evidence=_rises,
        finding=_regret,
    ),
    Claim(
        number="6b",
        text="Early stopping halts before memorising.",
        published=_PRECHELT,
        evidence=_memorised,
        finding=_learned,
    ),
)
