"""Claims 5a to 5f, on the chosen dropout of the main study, against the baseline as it is.

The source's 5d says two things, which are 5d and 5e here; its claim about the length of training is 5f. Every
claim is judged in the settings with dense networks and dropout, in pairs by training set (by initialisation
where there is one training set), by t tests. Each row reads "above zero" where the claim is true.

5a, redundant units: (1) points by which the test error rises when a random half of the hidden units is
silenced, baseline minus dropout, margin HALF. Training under masks makes this nearly true by construction: a
network that was trained with half of its units missing has learned to do without them. So two more rows ask
for less: (2) the share of predictions that change when one random unit is silenced, as the log of baseline
over dropout, margin RATIO; (3) points by which the error rises when the most important unit is silenced,
baseline minus dropout, margin ONE_UNIT. The most important unit is found on test images that (3) leaves out.

5b, less reliance on any one feature: (1) as (2) above, for one input pixel; points by which the error rises
without a block of 7 x 7 pixels, baseline minus dropout, (2) as the mean over the blocks and (3) at the worst
of them, margins BLOCK and WORST.

5c, more robust: points by which the test error rises under Gaussian noise, blur and shift of the test images,
each at the strongest level of LEVELS (in `damaged.py`), baseline minus dropout, margin DAMAGED.

5d, off predicts as well as averaging: the test error of the average of the most dropout passes minus that of
weight scaling, on all test images and all replicates. It is no worse: it holds where a one-sided test puts
the difference above -EQUAL points. An earlier rule asked for equality within EQUAL. It could not decide where
weight scaling has the lower error by just that much, as in `small`. Likelihood and calibration are shown, not
judged.

5e, averaging is what happens at inference: the mean total variation distance of what the trained network
predicted to weight scaling, minus that to the average of passes. Above zero, its prediction is the average;
below zero, it is weight scaling. Margin APART.

5f, dropout can lengthen training: dropout minus baseline, in the settings that hold images out, of (1) epochs
to the target, a validation cross-entropy within TOLERANCE (in `duration.py`) of the best of the same
replicate's baseline, and (2) the epoch of the best validation cross-entropy, margin LONGER. A run that never
reaches the target counts as its last epoch + 1, which errs against the claim. An epoch has as many optimizer
steps for both, so steps tell the same. Seconds are not judged: a clock time would make every repetition
another result.

Power: with 16, 12 or 10 pairs and Holm's first step over 18 rows, a true effect of 1.1, 1.4 or 1.6 standard
deviations of the paired differences is found with probability .8. Equality within EQUAL, over 6 rows, is
shown with that probability where the standard deviation is .1, .08 or .07 points and the true difference 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, paired_by_split, sentence
from pipeline.questions.dropout import compared, passes, silenced
from pipeline.questions.dropout.damaged import LEVELS
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

HALF = 1.0  # points
RATIO = float(np.log(1.25))
ONE_UNIT = 0.1  # points
BLOCK, WORST = 0.5, 1.0  # points
DAMAGED = 0.5  # points
EQUAL = 0.1  # points
APART = 0.001  # of a probability
LONGER = 1.0  # epochs

Row = tuple[str, str, str, float]  # column, endpoint, unit, margin
ONE_AT_A_TIME: list[Row] = [
    ("log_changed", "predictions that change without one unit", "log ratio", RATIO),
    ("rise", "rise of the error without the most important unit", "points", ONE_UNIT),
]
FEATURES: list[Row] = [
    ("log_changed", "predictions that change without one pixel", "log ratio", RATIO),
    ("mean_rise", "rise of the error without a block of pixels", "points", BLOCK),
    ("worst_rise", "rise of the error without the worst block", "points", WORST),
]


def _less(table: pd.DataFrame, row: Row) -> list[Evidence]:
    """Return by how much less of a column dropout has, baseline minus dropout, in every setting."""
    column, endpoint, unit, margin = row
    return [
        verdicts.paired(setting, endpoint, unit, -paired_by_split(table, setting, column, "dropout"), margin)
        for setting in table.setting.unique()
    ]


def _with_logs(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(log_changed=np.log(table.changed.astype(float)))


def _redundancy(tables: Tables) -> list[Evidence]:
    half = tables["errors"][tables["errors"].share == silenced.HALF]
    evidence = _less(half, ("rise", "rise of the error without half of the units", "points", HALF))
    single = _with_logs(tables["units"])
    return evidence + [piece for row in ONE_AT_A_TIME for piece in _less(single, row)]


def _reliance(tables: Tables) -> list[Evidence]:
    pixels = _with_logs(tables["pixels"])
    return [piece for row in FEATURES for piece in _less(pixels, row)]


def _robustness(tables: Tables) -> list[Evidence]:
    damaged, evidence = tables["damaged"], []
    for kind, levels in LEVELS.items():
        rows = damaged[(damaged.damage == kind) & (damaged.level == levels[-1])]
        evidence += _less(rows, ("rise", f"rise of the error under {kind}", "points", DAMAGED))
    return evidence


def _of_passes(tables: Tables, column: str) -> Iterator[tuple[str, pd.Series]]:
    """Yield every setting, and a column of the most passes minus that of weight scaling by replicate."""
    scores = tables["scores"]
    for setting in scores.setting.unique():
        rows = scores[scores.setting == setting]
        averaged, scaled = (
            replicate_means(rows[rows.passes == number], column)
            for number in (passes.PASSES[-1], passes.SCALING)
        )
        yield setting, averaged - scaled


def _as_well(tables: Tables) -> list[Evidence]:
    endpoint = f"error of {passes.PASSES[-1]} passes minus weight scaling"
    return [
        verdicts.no_worse(setting, endpoint, "points", differences, EQUAL)
        for setting, differences in _of_passes(tables, "error")
    ]


def _averaged(tables: Tables) -> list[Evidence]:
    endpoint = "distance to weight scaling minus distance to the average"
    return [
        verdicts.paired(setting, endpoint, "probability", -differences, APART)  # nearer is less of a distance
        for setting, differences in _of_passes(tables, "distance")
    ]


def _longer(tables: Tables) -> list[Evidence]:
    duration = tables["duration"]
    return [
        verdicts.paired(
            setting, endpoint, "epochs", paired_by_split(duration, setting, column, "dropout"), LONGER
        )
        for setting in duration.setting.unique()
        for column, endpoint in (("epochs", "epochs to the target"), ("best_epoch", "best epoch"))
    ]


def _means(
    name: str,
    columns: dict[str, str],
    unit: str,
    choose: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> Callable[[Tables, Sequence[Evidence]], str]:
    """Return a finding: columns with dropout and without, from the lowest setting to the highest."""

    def finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
        table = choose(tables[name])
        if table.empty:
            return ""
        means = (f"{words} {compared.said(table, name, 2, unit)}" for name, words in columns.items())
        return sentence(list(means))

    return finding


def _scores(tables: Tables, evidence: Sequence[Evidence]) -> str:
    scores, parts = tables["scores"], []
    most = passes.PASSES[-1]
    for setting in scores.setting.unique():
        means = scores[scores.setting == setting].groupby("passes")[passes.SCORES].mean()
        scaling, averaged = means.loc[passes.SCALING], means.loc[most]
        parts.append(
            f"in {setting} the error of {most} passes is {averaged.error:.2f} % and that of weight scaling "
            f"{scaling.error:.2f} % (negative log-likelihood {averaged.nll:.3f} and {scaling.nll:.3f}, "
            f"calibration error {averaged.ece:.3f} and {scaling.ece:.3f})"
        )
    return sentence(parts)


def _distances(tables: Tables, evidence: Sequence[Evidence]) -> str:
    scores = tables["scores"]
    if scores.empty:
        return ""
    means = scores.groupby(["setting", "passes"]).distance.mean().unstack()
    return (
        "The networks' own predictions at inference are those of weight scaling to within "
        f"{means[passes.SCALING].max():.1g}; they differ from the average of passes by "
        f"{means[passes.PASSES[-1]].min():.2g} or more."
    )


_DEVELOPED = "Srivastava et al. (2014): dropout keeps units from co-adapting."
_UNCHECKED = "No published figure was checked for this study."
CLAIMS = (
    Claim(
        number="5a",
        text="Dropout makes units redundant: the network relies on no single one.",
        published=_DEVELOPED,
        evidence=_redundancy,
        finding=_means(
            "errors",
            {"rise": "without half of the units, the error rises by"},
            " points",
            lambda table: table[table.share == silenced.HALF],
        ),
    ),
    Claim(
        number="5b",
        text="With dropout the network relies less on any one feature.",
        published=_UNCHECKED,
        evidence=_reliance,
        finding=_means("pixels", {"mean_rise": "without a block of pixels, the error rises by"}, " points"),
    ),
    Claim(
        number="5c",
        text="Dropout makes the network more robust.",
        published=_UNCHECKED,
        evidence=_robustness,
        finding=_means(
            "damaged",
            {"rise": "under noise, the error rises by"},
            " points",
            lambda table: table[(table.damage == "noise") & (table.level == LEVELS["noise"][-1])],
        ),
    ),
    Claim(
        number="5d",
        text="At inference, dropout switched off predicts as well as an average over dropout passes.",
        published="Srivastava et al. (2014), Fig. 11, as quoted: about 50 passes meet weight scaling.",
        evidence=_as_well,
        finding=_scores,
    ),
    Claim(
        number="5e",
        text="At inference, predictions are averaged over dropout passes.",
        published="Keras documents that dropout acts in training only; passes must be asked for.",
        evidence=_averaged,
        finding=_distances,
    ),
    Claim(
        number="5f",
        text="Dropout can lengthen training.",
        published=_UNCHECKED,
        evidence=_longer,
        existential=True,
        finding=_means(
            "duration", {"epochs": "the target takes", "best_epoch": "the best epoch comes after"}, " epochs"
        ),
    ),
)
