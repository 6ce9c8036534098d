"""Differences to a baseline: which there are, and which lie beyond chance."""

from __future__ import annotations

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.science.levels import ALPHA


def against(differences: pd.DataFrame, setting: str, metric: str, reference: str) -> pd.DataFrame:
    """Return the differences to one reference."""
    rows = rows_of(differences, setting, metric)
    return rows[rows.reference == reference]


def against_better(differences: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Return the changes of the test error against the baseline, tuned or not, with the lower mean error.

    The tuning goes by cross-entropy, and may make the error higher.
    """
    tuned = tuning_of_baseline(differences, setting)
    helps = len(tuned) > 0 and tuned.estimate.iloc[0] < 0
    rows = against(differences, setting, "test_error", TUNED_BASELINE if helps else BASELINE)
    return rows[rows.variant != TUNED_BASELINE]


def tuning_of_baseline(differences: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Return what tuning changes of the baseline's test error: a row, or none where it is not tuned."""
    rows = against(differences, setting, "test_error", BASELINE)
    return rows[rows.variant == TUNED_BASELINE]


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


def moved(differences: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Return a row a variant: whether it `traded` variance for bias, lowered `both`, or has `more` variance.

    A change counts where it is beyond chance, in bias and in variance, against the plain baseline.
    """
    parts = {}
    for part in ("bias", "variance"):
        rows = against(differences, setting, f"squared_error_{part}", BASELINE)
        rows = rows[rows.variant != TUNED_BASELINE].set_index("variant")
        parts[part] = rows.estimate.where(rows.p_holm <= ALPHA, 0.0)
    bias, variance = parts["bias"], parts["variance"]
    return pd.DataFrame(
        {"traded": (bias > 0) & (variance < 0), "both": (bias < 0) & (variance < 0), "more": variance > 0}
    )


def rows_of(table: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    """Return the rows of a metric in a setting."""
    return table[(table.setting == setting) & (table.metric == metric)]
