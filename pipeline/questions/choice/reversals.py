"""Rank reversals along an axis: two methods of which each is the better one somewhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.choice.measure import PLACE, by_training_set
from pipeline.science import comparison
from pipeline.science.comparison import PairedDifference
from pipeline.science.levels import ALPHA
from pipeline.science.verdicts import Evidence

MARGIN = 0.1  # points, to read the estimate against; it decides nothing

# What changes along an axis, first its own column; what goes with it is not held equal.
AXES: dict[str, tuple[str, ...]] = {
    "data size": ("train_size", "epochs", "batch_size"),
    "data set": ("data",),
    "useless inputs": ("distractors",),
    "width": ("width",),
    "depth": ("depth",),
    "kind of network": ("network", "width", "depth"),
    "wrong labels": ("label_noise",),
}


@dataclass(frozen=True)
class Place:
    """A condition: where it lies on the axis, and the errors (training sets, methods) in percent."""

    name: str
    value: Any
    errors: pd.DataFrame


Line = Sequence[Place]  # conditions that differ along one axis alone


@dataclass(frozen=True)
class Reversal:
    """Two methods along a line: the p value of their changing places, and the difference that is smaller.

    `smaller` has the sign that makes it positive where they do change places.
    """

    methods: tuple[str, str]
    up: str
    down: str
    p_value: float
    smaller: PairedDifference


def along(runs: pd.DataFrame, axis: str) -> list[Evidence]:
    """Return the evidence on an axis; none where no conditions differ in it alone."""
    lines = lines_of(runs, axis)
    return [judged(axis, "points", lines)] if lines else []


def lines_of(runs: pd.DataFrame, axis: str) -> list[Line]:
    """Return the conditions that differ along an axis with all else equal, line by line."""
    column, *_ = AXES[axis]
    errors = dict(by_training_set(runs[runs.method != TUNED_BASELINE]))
    conditions = runs.drop_duplicates("condition")
    same = [name for name in PLACE if name not in AXES[axis]]
    return [
        [Place(row["condition"], row[column], errors[row["condition"]]) for _, row in rows.iterrows()]
        for _, rows in conditions.groupby(same, sort=False)
        if rows[column].nunique() > 1
    ]


def sizes_of(runs: pd.DataFrame) -> list[Place]:
    """Return the first line of conditions that differ in data size alone; none where there is none."""
    line = next(iter(lines_of(runs[runs.common.astype(bool)], "data size")), [])
    return list(line) if all(BASELINE in place.errors for place in line) else []


def judged(condition: str, unit: str, lines: Sequence[Line]) -> Evidence:
    """Return the evidence of the surest reversal on these lines, and of one method's being the best.

    The p value of the reversal is adjusted over all pairs of methods on these lines (Holm).
    """
    found = [reversal for line in lines for reversal in reversals(line)]
    throughout = max(best_throughout(line) for line in lines)
    if not found:
        endpoint = "no two methods are there at two places"
        return _evidence(condition, endpoint, unit, None, 1.0, throughout)
    surest = min(found, key=lambda item: (item.p_value, -item.smaller.estimate))
    p_value = float(comparison.holm([item.p_value for item in found]).min())
    first, second = surest.methods
    endpoint = f"{first} and {second} change places between {surest.up} and {surest.down}"
    if throughout <= ALPHA:
        endpoint = "one method is the best throughout"
    return _evidence(condition, endpoint, unit, surest.smaller, p_value, throughout)


def _evidence(
    condition: str,
    endpoint: str,
    unit: str,
    smaller: PairedDifference | None,
    p_value: float,
    throughout: float,
) -> Evidence:
    size = (smaller.estimate, smaller.low, smaller.high, smaller.n) if smaller else (0.0, 0.0, 0.0, 0)
    return Evidence(condition, endpoint, unit, *size, p_value, throughout, MARGIN, test="reversal")


def reversals(line: Line) -> list[Reversal]:
    """Return, for every pair of methods, the surest reversal between two places of a line.

    A reversal takes a place where the first method is worse and another where it is better. So its p value
    is the larger of the two one-sided ones (intersection-union test, Berger 1982), each times the number of
    places to choose from. Of two places it is the larger of the two-sided p values.
    """
    methods = list(dict.fromkeys(method for place in line for method in place.errors))
    found = []
    for pair in itertools.combinations(methods, 2):
        places = [place for place in line if {*pair} <= {*place.errors}]
        tests = [(place, _difference(place, pair)) for place in places]
        between = [
            _between(pair, up, down, len(places))
            for up, down in itertools.permutations(tests, 2)
            if up[0].value != down[0].value
        ]
        if between:
            found.append(min(between, key=lambda item: (item.p_value, -item.smaller.estimate)))
    return found


def _difference(place: Place, pair: tuple[str, str]) -> PairedDifference:
    first, second = pair
    return comparison.paired_difference(place.errors[first], place.errors[second])


def _between(
    pair: tuple[str, str],
    up: tuple[Place, PairedDifference],
    down: tuple[Place, PairedDifference],
    places: int,
) -> Reversal:
    above, below = up[1], _negative(down[1])
    p_value = min(places * max(one_sided(above), one_sided(below)), 1.0)
    smaller = min(above, below, key=lambda difference: difference.estimate)
    return Reversal(pair, up[0].name, down[0].name, p_value, smaller)


def _negative(difference: PairedDifference) -> PairedDifference:
    return PairedDifference(
        -difference.estimate, -difference.high, -difference.low, difference.n, difference.p_value
    )


def one_sided(difference: PairedDifference) -> float:
    """Return the p value of a difference above zero, from its two-sided one."""
    half = difference.p_value / 2
    return half if difference.estimate > 0 else 1.0 - half


def best_throughout(line: Line) -> float:
    """Return the p value of one method being better than every other at all places of a line.

    It is the largest of the p values that this takes; at most one method can have a small one.
    """
    shared = set.intersection(*({*place.errors} for place in line))
    p_values = [1.0]
    for method in sorted(shared):
        tests = [
            _difference(place, (other, method)) for place in line for other in place.errors if other != method
        ]
        if tests and all(test.estimate > 0 for test in tests):
            p_values.append(max(test.p_value for test in tests))
    return min(p_values)
