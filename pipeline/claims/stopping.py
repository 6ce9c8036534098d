"""Claim 6: early stopping halts when the validation error starts to rise, before memorising.

Three questions, in every setting whose early stopping was tuned, on the baseline's full-length
histories:
- does the validation loss rise after the epoch that the rule on the loss restores? Mean of the last
  epochs (LAST in `pipeline.probes.stopping`) minus the restored one, relative to it (margin RISE_LOSS). The
  restored value is a minimum, hence a little too low; the margin is far above that.
- does the validation error rise after that same epoch? In points (margin RISE_ERROR). The epoch was
  chosen by the loss, so the error there is not a minimum of its own noise. (After an epoch chosen as the
  lowest error it would rise by selection alone.)
- with wrong training labels and several training sets only: does the restored network of
  `early_stopping` output fewer of them than the baseline at its end (a share, margin MEMORISED)? And is
  its share within MEMORISED of what a network outputs of the wrong labels of images that it never saw:
  before memorising, not just before memorising all? The second holds where two one-sided tests say so, and
  is reversed where the excess lies above the margin. The claim holds where loss and error rise, fewer wrong
  labels are learned, and hardly any at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.claims.claim import Claim, Tables, paired_by_split, sentence
from pipeline.probes.study import replicate_means
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

RISE_LOSS = 0.05
RISE_ERROR = 0.1
MEMORISED = 0.10


def _rises(tables: Tables) -> list[Evidence]:
    rises, found = tables["stopping/rises"], []
    for setting in rises.setting.unique():
        own = rises[rises.setting == setting]
        loss, error = (replicate_means(own, column) for column in ("loss_rise", "error_rise"))
        found += verdicts.adjusted(
            [
                verdicts.paired(setting, "rise of the validation loss", "share", loss, RISE_LOSS),
                verdicts.paired(setting, "rise of the validation error", "points", error, RISE_ERROR),
            ]
        )
    return found


def _memorised(tables: Tables) -> list[Evidence]:
    memorised, found = tables["stopping/memorised"], []
    for setting in memorised.setting.unique():
        own = memorised[(memorised.setting == setting) & (memorised.variant == "early_stopping")]
        excess = replicate_means(own.assign(excess=own.seen - own.unseen), "excess")
        found += verdicts.adjusted(
            [
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
        )
    return found


def _regret(tables: Tables, evidence: Sequence[Evidence]) -> str:
    stops = tables["stopping/stops"]
    means = stops[stops.patience == 5].groupby(["setting", "criterion"], sort=False)
    said = [
        f"stopping on the {str(criterion).replace('_', ' ')} in {setting} (patience 5) saves "
        f"{rows.epochs_saved.mean():.0f} of {(rows.epochs_saved + rows.stopped).mean():.0f} epochs at a "
        f"regret of {rows.loss_regret.mean():.3f} nats and {rows.error_regret.mean():.2f} points"
        for (setting, criterion), rows in means
    ]
    return sentence(said)


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    means = tables["stopping/memorised"].groupby(["setting", "variant"])[["seen", "unseen"]].mean()
    said = [
        f"in {setting} {variant.replace('_', ' ')} puts out {row.seen:.0%} of the wrong labels it trained on "
        f"({row.unseen:.0%} of those it did not)"
        for (setting, variant), row in means.iterrows()
    ]
    return sentence(said)


_PRECHELT = "Prechelt (1998), 1,296 runs: slower criteria generalise 4 % better at 4 times the time."
CLAIMS = (
    Claim(
        "6a",
        "Early stopping halts where the validation loss and error start to rise.",
        _PRECHELT,
        _rises,
        finding=_regret,
    ),
    Claim("6b", "Early stopping halts before memorising.", _PRECHELT, _memorised, finding=_learned),
)
