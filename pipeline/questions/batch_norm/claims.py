"""Claim 7: batch normalization gives stabler training, higher learning rates, less internal covariate
shift, less overfitting, and faster training.

Every part compares the network with batch normalization to the one without, paired by training set,
tested by t, Holm-adjusted over the conditions of a part; what is read off the grid of learning rates, or
counted in epochs, with the uncertainty of a step of it. On every network of the question:
- 7a stabler: a smaller share of diverged runs over all rates, and a larger share of usable rates
  (MARGIN_SHARE);
- 7b higher rates: the largest rate within a point of the network's own best is higher (MARGIN_DECADES);
- 7c less shift: the shift of the layers' gradients, relative to the gradient, is smaller (decades,
  MARGIN_SHIFT), and its cosine is nearer to 1 (MARGIN_COSINE), both means over epochs and layers; where the
  layers below stand still, as in a dead network, there is a cosine and no decade;
- 7d less overfitting: the gap in cross-entropy is narrower (MARGIN_GAP): test minus train in the settings
  of the study, validation minus train at either network's best rate;
- 7e faster: fewer epochs to within a point of the error that the plain network ends with at its best rate
  (MARGIN_EPOCHS).

Four things were changed after a first look at what was measured: 7b was the largest rate within a point
of the common best, which need not exist; the shift was measured at a rate of 0.1, at which the plain sigmoid
network does not learn; a run that blew up in its first epoch and ended at guessing did not count as diverged;
and three training sets that agree on a step of a grid counted as certainty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, variants_of
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome

VARIANT = "batch_norm"
MARGIN_SHARE = 0.05
MARGIN_DECADES = 0.25
MARGIN_SHIFT = 0.05
MARGIN_COSINE = 0.01
MARGIN_GAP = 0.01
MARGIN_EPOCHS = 1.0
FLAT = 0.1  # of its own later shift: below, the plain network's gradients hardly turn


def _compared(
    table: pd.DataFrame, column: str, endpoint: str, unit: str, margin: float, sign: float, step: float = 0.0
) -> list[Evidence]:
    """Return sign * (with - without) of a column, a condition a network; a column off a grid has a step."""
    evidence = []
    for network, rows in table.groupby("network", sort=False):
        means = rows.groupby(["variant", "split"])[column].mean()
        if VARIANT not in means.index:  # the study looks at another variant
            continue
        # Of a run that has diverged there is nothing to compare.
        differences = (sign * (means[VARIANT] - means[BASELINE])).replace([np.inf, -np.inf], np.nan).dropna()
        if len(differences) > 1:
            named = (str(network), endpoint, unit, differences, margin)
            evidence.append(verdicts.paired_on_grid(*named, step) if step else verdicts.paired(*named))
    return evidence


def _steps(tables: Tables) -> tuple[float, float]:
    """Return the steps of the grid of learning rates: as a share of them, and in decades."""
    rates = np.unique(tables["runs"].learning_rate)
    decades = np.diff(np.log10(rates))
    return 1.0 / max(len(rates), 1), float(decades.max()) if decades.size else 1.0


def _stabler(tables: Tables) -> list[Evidence]:
    summary = tables["summary"]
    share, _ = _steps(tables)
    return [
        *_compared(summary, "diverged_share", "runs that diverge", "share", MARGIN_SHARE, -1.0, share),
        *_compared(summary, "usable_share", "usable rates", "share", MARGIN_SHARE, 1.0, share),
    ]


def _higher(tables: Tables) -> list[Evidence]:
    summary = tables["summary"]
    unit = ("largest usable rate", "decades", MARGIN_DECADES)
    _, decades = _steps(tables)
    return list(_compared(summary, "largest_usable", *unit, 1.0, decades))


def _shift(tables: Tables) -> list[Evidence]:
    logs = _decades(tables["shift"])
    return [
        *_compared(logs, "decades", "relative shift", "decades", MARGIN_SHIFT, -1.0),
        *_compared(logs, "shift_cosine", "cosine of the gradients", "cosine", MARGIN_COSINE, 1.0),
    ]


def _decades(shift: pd.DataFrame) -> pd.DataFrame:
    known = shift.dropna()
    moved = known.shift_relative.where(known.shift_relative > 0)
    return known.assign(decades=np.log10(moved))


def _overfitting(tables: Tables) -> list[Evidence]:
    runs, summary = tables["study/runs"], tables["summary"]
    endpoint = ("gap in cross-entropy", "nats", MARGIN_GAP)
    main = [
        verdicts.paired(
            setting, *endpoint[:2], -paired_by_split(runs, setting, "cross_entropy_gap", VARIANT), MARGIN_GAP
        )
        for setting in runs.setting.unique()
        if VARIANT in variants_of(runs, setting)
    ]
    return [*main, *_compared(summary, "cross_entropy_gap", *endpoint, -1.0)]


def _faster(tables: Tables) -> list[Evidence]:
    summary = tables["summary"]
    endpoint = ("epochs to the plain network's error", "epochs", MARGIN_EPOCHS)
    return list(_compared(summary, "epochs_to_plain", *endpoint, -1.0, 1.0))


def _said(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say the estimates, signed as the claim has them."""
    parts = [
        f"{row.condition}, {row.endpoint}: {row.estimate:+.3g} [{row.low:+.3g}, {row.high:+.3g}] {row.unit}"
        for row in evidence
    ]
    if not parts:
        return ""
    return f"In the direction of the claim: {'; '.join(parts)}.{_learned(tables, evidence)}"


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say how well the plain networks do: against one that has hardly learned a comparison says little."""
    summary = tables["summary"]
    conditions = {row.condition for row in evidence}
    plain = summary[(summary.variant == BASELINE) & summary.network.isin(conditions)]
    errors = plain.groupby("network", sort=False).best_error.mean()
    said = [f"{error:.1f} % on {network}" for network, error in errors.items()]
    return f" The plain network's validation error at its best rate is {', '.join(said)}." if said else ""


def _said_of_shift(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say the estimates; and of a reversed shift, what of it stems from the plain network's first epochs."""
    logs = _decades(tables["shift"])
    reversals = [
        row.condition
        for row in evidence
        if row.endpoint == "relative shift" and row.outcome is Outcome.REVERSED
    ]
    said = [_said(tables, evidence), *(_early(logs[logs.network == name], name) for name in reversals)]
    return " ".join(filter(None, said))


def _early(logs: pd.DataFrame, network: str) -> str:
    """Split the reversal at the first epoch in which the plain network's shift is no longer FLAT.

    Its own later shift is the median over the second half of the epochs.
    """
    plain = logs[logs.variant == BASELINE].groupby("epoch").decades.mean()
    flat = plain < plain.iloc[len(plain) // 2 :].median() + np.log10(FLAT)
    end = int(plain.index[int(flat.to_numpy().argmin())]) - 1 if not flat.all() else 0
    if end < 1:
        return ""
    parts = []
    for rows in (logs[logs.epoch <= end], logs[logs.epoch > end]):
        compared = _compared(rows, "decades", "relative shift", "decades", MARGIN_SHIFT, -1.0)
        if not compared:  # too few networks were alive then
            return ""
        (row,) = compared
        parts.append(f"{row.estimate:+.3g} [{row.low:+.3g}, {row.high:+.3g}] decades")
    return (
        f"The relative shift on {network} is {parts[0]} over epochs 1 to {end}, while the plain network's is "
        f"below {FLAT:g} of its median over the second half of training, and {parts[1]} after them."
    )


_IOFFE = "Ioffe & Szegedy (2015), 4.1: faster and more accurate with it (3 x 100 sigmoid units, batch 60)."
_REGULARIZES = "Ioffe & Szegedy (2015), abstract: it acts as a regularizer too, at times in place of dropout."
_SANTURKAR = "Santurkar et al. (2018), as quoted: it does not reduce covariate shift in a way that matters."
CLAIMS = (
    Claim("7a", "Batch normalization makes training stabler.", _IOFFE, _stabler, finding=_said),
    Claim("7b", "Batch normalization allows higher learning rates.", _IOFFE, _higher, finding=_said),
    Claim(
        "7c",
        "Batch normalization reduces internal covariate shift.",
        _SANTURKAR,
        _shift,
        finding=_said_of_shift,
    ),
    Claim("7d", "Batch normalization reduces overfitting.", _REGULARIZES, _overfitting, finding=_said),
    Claim("7e", "Batch normalization speeds training up.", _IOFFE, _faster, finding=_said),
)
