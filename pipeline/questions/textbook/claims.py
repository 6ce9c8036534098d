"""Claim 8: in the textbook program (60,000 images, 128 units, 5 epochs), Dropout(0.2) helps.

Endpoint: test error (points), without dropout minus with, paired by initialisation (by training set where
there are several), by t. MARGIN is the difference that two one-sided tests take for none. A large p value
is no proof of equality: where neither test decides, the claim is inconclusive, and the finding says how
many pairs a difference of MARGIN would need (80 % power).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.evaluation.replicates import replicate_means
from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim
from pipeline.questions.textbook.measure import MARGIN
from pipeline.science import comparison, verdicts
from pipeline.science.verdicts import Evidence


def _falls(tables: Tables) -> pd.Series:
    """Return by how many points dropout lowers the error, by replicate."""
    pairs = tables["pairs"]
    return -replicate_means(pairs[pairs.metric == "test_error"], "difference")


def _evidence(tables: Tables) -> list[Evidence]:
    falls = _falls(tables)
    if falls.empty:
        return []
    return [verdicts.paired("dropout in notebook", "test error", "points", falls, MARGIN)]


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    falls = _falls(tables)
    if falls.empty:
        return ""
    (row,) = evidence
    deviation = float(falls.std())
    units = {"split": "training sets", "init": "initialisations"}[str(falls.index.name)]
    needed = comparison.replicates_needed(deviation, MARGIN) if deviation > 0 else row.n
    return (
        f"Dropout lowers the error by {row.estimate:z.2f} [{row.low:z.2f}, {row.high:z.2f}] points over "
        f"{row.n} {units}; to see {MARGIN} points would take {needed}, for the difference varies by "
        f"{deviation:.2f} points from one to the next. {_farthest(falls)}"
    )


def _farthest(falls: pd.Series) -> str:
    """Say what rests on the one pair that lies farthest from the median."""
    far = (falls - falls.median()).abs().idxmax()
    return (
        f"The median is {falls.median():z.2f}; without the pair farthest from it, of {falls[far]:z.2f}, the "
        f"mean is {falls.drop(far).mean():z.2f}."
    )


CLAIMS = (
    Claim(
        number="8",
        text="In the textbook program Dropout(0.2) lowers the test error.",
        published="Ten runs, unpublished: accuracy 97.37 +- .14 % without, 97.53 +- .13 % with dropout.",
        evidence=_evidence,
        finding=_finding,
    ),
)
