"""What it costs to take one method everywhere, against the one that is chosen on validation data."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.science import comparison

CRITERIA = ("validation_cross_entropy", "validation_error")
EVERYWHERE = "every condition"
COLUMNS = ["criterion", "condition", "method", "conditions", "estimate", "low", "high", "n"]


def by_training_set(runs: pd.DataFrame, criterion: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every condition with the regrets (training sets, methods), in points of test error.

    The regret of a method is its test error minus that of the method with the lowest value of the criterion
    on the validation images, chosen on each training set anew. Of `runs`, the methods that are compared
    everywhere take part (`common`), under the conditions that have two variants or more.
    """
    common = runs[runs.common.astype(bool)]
    for condition, members in common.groupby("condition", sort=False):
        variants = set(members.method) - {BASELINE, TUNED_BASELINE}
        if len(variants) < 2:
            continue
        errors, values = (
            members.pivot_table(index="split", columns="method", values=name, sort=False)
            for name in ("test_error", criterion)
        )
        chosen = values.idxmin(axis=1)
        reached = pd.Series([errors.loc[split, method] for split, method in chosen.items()], chosen.index)
        yield str(condition), errors.sub(reached, axis=0)


def over_conditions(regrets: dict[str, pd.DataFrame], method: str) -> pd.Series:
    """Return the regret of a method by training set, (n,): the mean over the conditions that have it.

    Each condition gives its first training sets, as many as every one of them has. Conditions of one size
    share these, so a training set with its conditions is one replicate.
    """
    having = [frame[method] for frame in regrets.values() if method in frame]
    return pd.concat(having, axis=1, join="inner").mean(axis=1) if having else pd.Series(dtype=float)


def table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a criterion, condition and method: the mean regret with its limits.

    The rows of EVERYWHERE are the means over the conditions that have the method.
    """
    rows = []
    for criterion in CRITERIA:
        regrets = dict(by_training_set(runs, criterion))
        methods = list(dict.fromkeys(method for frame in regrets.values() for method in frame))
        for condition, frame in regrets.items():
            for method in frame:
                interval = vars(comparison.mean_interval(frame[method]))
                rows.append((criterion, condition, method, 1, *interval.values()))
        for method in methods:
            having = sum(method in frame for frame in regrets.values())
            interval = vars(comparison.mean_interval(over_conditions(regrets, method)))
            rows.append((criterion, EVERYWHERE, method, having, *interval.values()))
    return pd.DataFrame(rows, columns=COLUMNS)
