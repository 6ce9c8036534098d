"""The independent replicates in a table of runs, and means over them."""

from __future__ import annotations

import pandas as pd

from pipeline.science import comparison


def replicate(rows: pd.DataFrame) -> str:
    """Return the column that tells the independent replicates of `rows` apart.

    These are the training sets, initialisations averaged first; the initialisations of a single one.
    """
    return "split" if rows.split.nunique() > 1 or "init" not in rows else "init"


def replicate_means(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the mean of a column by independent replicate, (n,), of `rows`, a row a run."""
    return rows.groupby(replicate(rows))[column].mean()


def over_replicates(rows: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """Return the mean of `y` at every `x` with its limits over the independent replicates of `rows`."""
    means = rows.groupby([x, replicate(rows)])[y].mean().unstack()
    intervals = [vars(comparison.mean_interval(values.dropna())) for _, values in means.iterrows()]
    return pd.DataFrame(intervals, index=means.index)
