"""Differences to a baseline: which there are, and which lie beyond chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.science.levels import ALPHA


def against(
    differences: pd.DataFrame, setting: str, metric: str, reference: str | None = None
) -> pd.DataFrame:
    """Return the differences to one reference; by default to the tuned baseline, where there is one."""
    rows = rows_of(differences, setting, metric)
    if reference is None:
        reference = TUNED_BASELINE if TUNED_BASELINE in set(rows.reference) else BASELINE
    return rows[rows.reference == reference]


def against_untuned(differences: pd.DataFrame, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Return, by setting, the changes of the test error against the baseline that is not tuned."""
    return {name: against(differences, name, "test_error", BASELINE) for name in names}


def is_tuned(rows: pd.DataFrame) -> bool:
    """Return whether these are differences to the tuned baseline."""
    return bool(rows.reference.eq(TUNED_BASELINE).any())


def better(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the differences that lie below zero beyond chance."""
    return rows[(rows.p_holm <= ALPHA) & (rows.estimate < 0)]


def worse(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the differences that lie above zero beyond chance."""
    return rows[(rows.p_holm <= ALPHA) & (rows.estimate > 0)]


def verdict(estimate: float, p_holm: float) -> str:
    """Say whether a difference in test error can be told from none."""
    if not p_holm <= ALPHA:
        return "indistinguishable"
    return "better" if estimate < 0 else "worse"


def everywhere(many: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the variants that are better in every setting, the largest mean change first."""
    common = set.intersection(*(set(better(rows).variant) for rows in many.values()))
    change = pd.concat(many.values()).groupby("variant").estimate.mean().sort_values(kind="stable")
    return [str(name) for name in change.index if name in common]


def moved(differences: pd.DataFrame, setting: str) -> tuple[int, int, int]:
    """Count the variants that trade variance for bias, those that lower both, and all of them.

    A change counts where it is beyond chance, in bias and in variance, against the plain baseline.
    """
    parts = {}
    for part in ("bias", "variance"):
        rows = against(differences, setting, f"squared_error_{part}", BASELINE)
        rows = rows[rows.variant != TUNED_BASELINE].set_index("variant")
        parts[part] = rows.estimate.where(rows.p_holm <= ALPHA, 0.0)
    bias, variance = parts["bias"], parts["variance"]
    traded, both = (bias > 0) & (variance < 0), (bias < 0) & (variance < 0)
    return int(traded.sum()), int(both.sum()), len(bias)


def rows_of(table: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    """Return the rows of a metric in a setting."""
    return table[(table.setting == setting) & (table.metric == metric)]
