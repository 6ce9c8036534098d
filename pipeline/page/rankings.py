"""The variants in tables: all settings at a glance, and every number of one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.evaluation import champion
from pipeline.evaluation.significance import against_better, verdict
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.science.metrics import METRICS
from pipeline.system.words import coded, interval

MARKS = {"better": "▼", "worse": "▲", "indistinguishable": "≈"}
# The columns beside the test error: title, metric and digits.
COLUMNS = [
    (metric.heading, metric.name, metric.digits)
    for metric in METRICS.values()
    if metric.headline and metric.name != "test_error"
]


def overview(names: Sequence[str], summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a row a variant, a column a setting: the change of the test error, and a mark.

    The change is against the better baseline, whose error is the first row. Settings with several variants
    come first. So does the lowest mean change over these; variants in fewer of them come last.
    """
    by_name = {name: against_better(differences, name) for name in names}
    changes = dict(sorted(by_name.items(), key=lambda item: len(item[1]) <= 1))
    ranked = pd.concat([rows for rows in changes.values() if len(rows) > 1] or list(changes.values()))
    means = ranked.groupby("variant").estimate.agg(["count", "mean"])
    ranks = means.sort_values(["count", "mean"], ascending=[False, True], kind="stable").index
    every = pd.concat(list(changes.values())).variant.unique()
    order = [*ranks, *(name for name in every if name not in ranks)]
    base = {"variant": "*the better baseline's error, %*"}
    table = [{"variant": f"`{name}`"} for name in order]
    for name, rows in changes.items():
        reference = rows.reference.iloc[0]
        column, tuned = f"`{name}`", " (tuned)" if reference == TUNED_BASELINE else ""
        base[column] = interval(_metric(summary, name, "test_error").loc[reference], 2) + tuned
        change = rows.set_index("variant")
        for cells, variant in zip(table, order, strict=True):
            if variant in change.index:
                row = change.loc[variant]
                cells[column] = f"{MARKS[verdict(row.estimate, row.p_holm)]} {interval(row, 2, '+')}"
    return pd.DataFrame([base, *table]).fillna("")


def ranking(name: str, summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a setting's variants, best test error first, with intervals as text."""
    errors = _metric(summary, name, "test_error").sort_values("estimate", kind="stable")
    changes = against_better(differences, name).set_index("variant")
    versus = f"against {str(changes.reference.iloc[0]).replace('_', ' ')}, points"
    metrics = {title: (_metric(summary, name, metric), digits) for title, metric, digits in COLUMNS}
    table = []
    for variant, error in errors.iterrows():
        cells = {"variant": f"`{variant}`", "test error, %": interval(error, 2), versus: "", "verdict": ""}
        if variant in changes.index:
            change = changes.loc[variant]
            cells |= {versus: interval(change, 2, "+"), "verdict": verdict(change.estimate, change.p_holm)}
        for title, (rows, digits) in metrics.items():
            cells[title] = interval(rows.loc[variant], digits)
        table.append(cells)
    return pd.DataFrame(table)


def choices(tuning: pd.DataFrame) -> pd.DataFrame:
    """Return a table of what was chosen for each variant, a column a setting.

    A choice at either end of its candidates is marked: a better one may lie beyond.
    """
    rows: dict[str, dict[str, str]] = {}
    for (setting, variant), tried in tuning.groupby(["setting", "variant"], sort=False):
        (chosen,) = tried[tried.chosen].itertuples()
        end = " (at the end)" if chosen.candidate in (0, len(tried) - 1) else ""
        row = rows.setdefault(str(variant), {"variant": f"`{variant}`"})
        row[f"`{setting}`"] = f"{chosen.values}{end}"
    return pd.DataFrame(rows.values()).fillna("")


def untuned(tuning: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Return the variants that have nothing to tune, as code; nothing where each was tuned."""
    names = summary[summary.setting.isin(tuning.setting)].variant.unique()
    return coded(name for name in names if name != BASELINE and name not in set(tuning.variant))


def keys(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting and variant: the run whose network is logged, as MLflow's filter finds it.

    It is the replicate with the lowest validation loss; the first where nothing is held out.
    """
    table = []
    for (setting, variant), replicates in runs.groupby(["setting", "variant"], sort=False):
        logged = champion.best(replicates)
        table.append(
            {
                "setting": f"`{setting}`",
                "variant": f"`{variant}`",
                "training set, initialisation": f"{logged.split}, {logged.init}",
                "filter": f"`tags.run_key = '{logged.run_key}'`",
            }
        )
    return pd.DataFrame(table)


def _metric(summary: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    return summary[(summary.setting == setting) & (summary.metric == metric)].set_index("variant")
