"""What dropout gains by the width and the depth of the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.questions.choice.halves import MARGIN, better_baseline
from pipeline.questions.choice.measure import PLACE, by_training_set
from pipeline.science import comparison, verdicts
from pipeline.science.verdicts import Evidence

METHOD = "dropout"
CONTRAST = 0.75  # points, between two gains: what six training sets can tell from none
Size = tuple[int, int]  # the depth and the width of a network


def by_size(runs: pd.DataFrame) -> dict[Size, pd.Series]:
    """Return the gain of METHOD in points by training set, (n,), by depth and width of the network.

    The gain is the error of the better baseline minus that of METHOD. The conditions differ in width and
    depth alone, and make a grid: every depth comes at several widths, and every width at several depths.
    Empty where there is no such grid.
    """
    having = runs[runs.condition.isin(runs[runs.method == METHOD].condition)]
    same = [name for name in PLACE if name not in ("depth", "width")]
    grids = [_grid(rows) for _, rows in having.groupby(same, sort=False)]
    return max(grids, key=len, default={})


def _grid(rows: pd.DataFrame) -> dict[Size, pd.Series]:
    sizes = {
        str(row.condition): (int(row.depth), int(row.width))
        for row in rows.drop_duplicates("condition").itertuples()
    }
    while True:
        kept = {
            name: size
            for name, size in sizes.items()
            if all(sum(other[axis] == size[axis] for other in sizes.values()) > 1 for axis in (0, 1))
        }
        if kept == sizes:
            break
        sizes = kept
    return {
        sizes[name]: better_baseline(errors) - errors[METHOD]
        for name, errors in by_training_set(rows)
        if name in sizes
    }


def table(gains: dict[Size, pd.Series]) -> pd.DataFrame:
    """Return a row a size of network: depth, width, and the mean gain with its limits."""
    rows = [
        {"depth": depth, "width": width} | vars(comparison.mean_interval(values))
        for (depth, width), values in sorted(gains.items())
    ]
    return pd.DataFrame(rows, columns=["depth", "width", "estimate", "low", "high", "n"])


def evidence(runs: pd.DataFrame) -> list[Evidence]:
    """Return whether the gain grows with width and with depth, and is there in the larger networks."""
    gains = by_size(runs)
    if not gains:
        return []
    depths, widths = (sorted({size[axis] for size in gains}) for axis in (0, 1))
    (shallow, *_, deep), (narrow, *_, wide) = depths, widths
    wider = [(gains.get((depth, wide)), gains.get((depth, narrow))) for depth in depths]
    deeper = [(gains.get((deep, width)), gains.get((shallow, width))) for width in widths]
    rows = [
        (f"{wide} against {narrow} units", "gain of dropout, more", _contrast(wider), CONTRAST),
        (f"{deep} layers against {shallow}", "gain of dropout, more", _contrast(deeper), CONTRAST),
    ]
    larger = [size for size in ((shallow, wide), (deep, narrow), (deep, wide)) if size in gains]
    rows += [
        (f"{depth} x {width} units", "gain of dropout", gains[depth, width], MARGIN)
        for depth, width in larger
    ]
    return [
        verdicts.paired(condition, endpoint, "points", np.asarray(values), margin)
        for condition, endpoint, values, margin in rows
        if len(values) > 1
    ]


def _contrast(pairs: Sequence[tuple[pd.Series | None, pd.Series | None]]) -> pd.Series:
    """Return the mean of larger minus smaller over the pairs that are there, by shared training set."""
    differences = [
        larger - smaller for larger, smaller in pairs if larger is not None and smaller is not None
    ]
    joined = pd.concat(differences, axis=1, join="inner") if differences else pd.DataFrame()
    return joined.dropna().mean(axis=1)
