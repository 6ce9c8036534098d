"""Claim 5x, ours: dropout gains more from more training images, up to a point, and then less.

It is the shape of Fig. 10 of Srivastava et al. (2014). The gain is the fall of the test error in points,
against the same training without dropout, paired by replicate. `peak` is the setting at which the largest
gain is expected: it is named in the parameters before the run, not read off its results. Endpoints:
- the gain at the peak;
- the gain at the peak minus that from the fewest images;
- the gain at the peak minus that from the most.
The training sets of two sizes are independent. They are paired in their order, which is as good as any, and
as many as the smaller number of them. The settings differ in batch size and epochs too, so that each network
is trained until it has learned its training set.

MARGIN is .2 points: twenty of 10,000 images. With six pairs whose differences vary by .15 points, Holm's
first step over three endpoints finds a difference of .35 points with probability .8.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.questions.base import Tables
from pipeline.questions.claim import Claim, sentence
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

MARGIN = 0.2


def _evidence(tables: Tables) -> list[Evidence]:
    gains = tables["gains"]
    peak = gains[gains.peak].iloc[0]
    fewest, most = gains.iloc[0], gains.iloc[-1]
    at_peak = _gains(tables, peak.setting)
    rows = [(f"{peak.train_size:,} images", "gain of dropout", at_peak)]
    for other in (fewest, most):
        further = _gains(tables, other.setting)
        pairs = min(len(at_peak), len(further))
        place = f"{peak.train_size:,} against {other.train_size:,} images"
        rows.append((place, "gain of dropout, more", at_peak[:pairs] - further[:pairs]))
    return [verdicts.paired(place, endpoint, "points", values, MARGIN) for place, endpoint, values in rows]


def _gains(tables: Tables, setting: str) -> np.ndarray:
    pairs = tables["pairs"]
    return np.asarray(pairs[pairs.setting == setting].gain, np.float64)


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    rows = tables["gains"].itertuples()
    return sentence([f"{row.train_size:,} images: {row.estimate:+z.2f} points" for row in rows])


CLAIMS = (
    Claim(
        number="5x",
        text="Dropout gains more from more training images, up to a point, and then less.",
        published=(
            "Srivastava et al. (2014), Fig. 10, as quoted: no gain from 100 and 500 images of MNIST; then "
            "the gain grows, and shrinks again towards 50,000."
        ),
        evidence=_evidence,
        ours=True,
        finding=_finding,
    ),
)
