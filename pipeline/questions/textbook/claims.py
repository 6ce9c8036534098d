"""Claim 8: in the textbook program (60,000 images, 128 units, 5 epochs), Dropout(0.2) lowers the test error.

The source text asks for a comparison. Its program has no validation set, so the test error of the last epoch
is all that there is of an unseen image. Endpoints, in points, without dropout minus with, paired by
initialisation (by training set where there are several):
- the mean, by t;
- the median, by exact sign tests. One run in ten may end badly, as one did in an earlier run of this study,
  and decides the mean alone; it cannot decide the median.
The claim holds where both say so. Cross-entropy and calibration are compared beside them, not judged.

MARGIN is the difference that the equivalence tests take for none. An earlier run of this study gave a spread
of .33 points with that one bad ending and .14 without it. With 25 pairs and two endpoints, the mean finds a
difference of .1 points with a power of .87 or .21, and the median with .62: no rule to plan with. A
difference of .2 points is found with a power of 1.00 or .74 by the mean, and 1.00 by the median; and that
there is none, with 1.00 or .66. So MARGIN is .2: twenty of 10,000 images. A large p value is no proof of
equality: where neither test decides, the claim is inconclusive, and the finding says how many pairs MARGIN
would need.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim
from pipeline.questions.textbook.measure import MARGIN
from pipeline.science import comparison, verdicts
from pipeline.science.levels import ALPHA
from pipeline.science.median import paired_median
from pipeline.science.verdicts import Evidence, Outcome

MEAN, MEDIAN = "mean of the test error", "median of the test error"


def _falls(tables: Tables) -> pd.Series:
    """Return by how many points dropout lowers the error, by replicate."""
    pairs = tables["pairs"]
    return -replicate_means(pairs[pairs.metric == "test_error"], "difference")


def _evidence(tables: Tables) -> list[Evidence]:
    falls = _falls(tables)
    if falls.empty:
        return []
    place = "dropout in notebook"
    return [
        verdicts.paired(place, MEAN, "points", falls, MARGIN),
        # Of two endpoints; the exact limits of the median are not adjusted afterwards.
        paired_median(place, MEDIAN, "points", falls, MARGIN, 1 - ALPHA / 2),
    ]


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    falls = _falls(tables)
    if falls.empty:
        return ""
    mean, median = evidence
    units = {"split": "training sets", "init": "initialisations"}[str(falls.index.name)]
    return (
        f"Over {mean.n} {units} dropout lowers the test error by {mean.estimate:z.2f} [{mean.low:z.2f}, "
        f"{mean.high:z.2f}] points in the mean and by {median.estimate:z.2f} [{median.low:z.2f}, "
        f"{median.high:z.2f}] in the median. {_farthest(falls)}{_needed(falls, mean)}"
    )


def _farthest(falls: pd.Series) -> str:
    """Say what of the mean rests on the one pair that lies farthest from the median."""
    far = (falls - falls.median()).abs().idxmax()
    rest = falls.drop(far).mean()
    return f"Without the pair farthest from the median, of {falls[far]:z.2f}, the mean is {rest:z.2f}."


def _needed(falls: pd.Series, mean: Evidence) -> str:
    """Say how many pairs MARGIN would need, where the mean does not decide."""
    if mean.outcome is not Outcome.UNKNOWN:
        return ""
    needed = comparison.replicates_needed(float(falls.std()), MARGIN)
    return (
        f" Here the difference varies by {falls.std():.2f} points from one pair to the next, so that "
        f"{MARGIN:g} points would take {needed} pairs."
    )


CLAIMS = (
    Claim(
        number="8",
        text="In the textbook program Dropout(0.2) lowers the test error.",
        published="Ten runs of such a program, unpublished: accuracy 97.37 +- .14 % without, 97.53 +- .13 %.",
        evidence=_evidence,
        finding=_finding,
    ),
)
