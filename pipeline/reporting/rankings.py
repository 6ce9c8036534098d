"""The variants in tables: all settings at a glance, and every number of one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.reporting.significance import against, verdict
from pipeline.reporting.words import coded, interval

MARKS = {"better": "▼", "worse": "▲", "indistinguishable": "≈"}
OTHERWISE = "°"  # where the untuned baseline gives another mark
COLUMNS = (
    ("test cross-entropy", "test_cross_entropy", 3),
    ("gap, nats", "cross_entropy_gap", 3),
    ("bias²", "squared_error_bias", 4),
    ("variance", "squared_error_variance", 4),
)


def overview(names: Sequence[str], summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a row a variant, a column a setting: the change of the test error, and a mark.

    Settings with several variants come first. So does the lowest mean change over these; variants in fewer
    of them come last. The first row is what is compared with, the error of the baseline; below it that of
    the untuned one, where the baseline is tuned.
    """
    found = {name: against(differences, name, "test_error") for name in names}
    changes = dict(sorted(found.items(), key=lambda one: len(one[1]) <= 1))
    ranked = pd.concat([rows for rows in changes.values() if len(rows) > 1] or list(changes.values()))
    means = ranked.groupby("variant").estimate.agg(["count", "mean"])
    ranks = means.sort_values(["count", "mean"], ascending=[False, True], kind="stable").index
    every = pd.concat(list(changes.values())).variant.unique()
    order = [*ranks, *(name for name in every if name not in ranks)]
    base, plain = {"variant": "*the baseline's error, %*"}, {"variant": "*the same, not tuned*"}
    table = [{"variant": f"`{name}`"} for name in order]
    for name, rows in changes.items():
        reference = rows.reference.iloc[0]
        errors = _metric(summary, name, "test_error")
        column, tuned = f"`{name}`", reference == TUNED_BASELINE
        base[column] = interval(errors.loc[reference], 2) + " (not tuned)" * (not tuned)
        if tuned:
            plain[column] = interval(errors.loc[BASELINE], 2)
        change = rows.set_index("variant")
        without = against(differences, name, "test_error", BASELINE).set_index("variant")
        for cells, variant in zip(table, order, strict=True):
            if variant in change.index:
                own, other = change.loc[variant], without.loc[variant]
                said = verdict(own.estimate, own.p_holm)
                mark = MARKS[said] + OTHERWISE * (said != verdict(other.estimate, other.p_holm))
                cells[column] = f"{interval(own, 2, '+')} {mark}"
    heads = [base, plain] if len(plain) > 1 else [base]
    return pd.DataFrame([*heads, *table]).fillna("")


def ranking(name: str, summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a setting's variants, best test error first, with intervals as text."""
    errors = _metric(summary, name, "test_error").sort_values("estimate", kind="stable")
    change = against(differences, name, "test_error").set_index("variant")
    versus = f"against {str(change.reference.iloc[0]).replace('_', ' ')}, points"
    others = {title: (_metric(summary, name, metric), digits) for title, metric, digits in COLUMNS}
    table = []
    for variant, row in errors.iterrows():
        cells = {"variant": f"`{variant}`", "test error, %": interval(row, 2), versus: "", "verdict": ""}
        if variant in change.index:
            own = change.loc[variant]
            cells |= {versus: interval(own, 2, "+"), "verdict": verdict(own.estimate, own.p_holm)}
        for title, (rows, digits) in others.items():
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
    found = [name for name in names if name != BASELINE and name not in set(tuning.variant)]
    return coded(found) if found else ""


def keys(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting and variant: the run whose network is logged, as MLflow's filter finds it.

    Of the replicates it is the one with the lowest validation loss; the first where nothing is held out.
    """
    table = []
    for (setting, variant), own in runs.groupby(["setting", "variant"], sort=False):
        losses = own.validation_cross_entropy
        row = own.iloc[0] if losses.isna().all() else own.loc[losses.idxmin()]
        table.append(
            {
                "setting": f"`{setting}`",
                "variant": f"`{variant}`",
                "training set, initialisation": f"{row.split}, {row.init}",
                "filter": f"`tags.run_key = '{row.run_key}'`",
            }
        )
    return pd.DataFrame(table)


def budgets(names: Sequence[str], runs: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting and budget: the variant with the lowest test error for its epochs or fewer."""
    table = []
    for name in names:
        errors = _metric(summary, name, "test_error")
        epochs = runs[runs.setting == name].groupby("variant").epochs.mean()
        lowest = float("inf")
        for (spent, error), variant in sorted(
            zip(zip(epochs, errors.estimate[epochs.index], strict=True), epochs.index, strict=True)
        ):
            if error < lowest:
                lowest = error
                cells = {"setting": f"`{name}`", "epochs trained, mean": f"{spent:.0f}"}
                cells |= {"lowest test error": f"`{variant}`", "%": interval(errors.loc[variant], 2)}
                table.append(cells)
    return pd.DataFrame(table, columns=["setting", "epochs trained, mean", "lowest test error", "%"])


def by_conditions(winners: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell of the map: the method with the lowest error, its gain, and what ties with it."""
    table = []
    for row in winners.itertuples():
        pairs = differences[(differences.cell == row.cell) & (differences["first"] == BASELINE)]
        gain = [interval(one, 2, "+") for one in pairs[pairs["second"] == row.best].itertuples()]
        tied = str(row.tied).split() if isinstance(row.tied, str) else []
        table.append(
            {
                "images": f"{row.train_size:,}",
                "wrong labels": f"{row.label_noise:.0%}",
                "hidden units": str(row.width),
                "lowest test error": f"`{row.best}`",
                "%": f"{row.error:.2f}",
                "below the baseline's, points": gain[0] if gain else "",
                "not told apart from it": ", ".join(f"`{name}`" for name in tied) or "none",
            }
        )
    return pd.DataFrame(table)


def _metric(summary: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    return summary[(summary.setting == setting) & (summary.metric == metric)].set_index("variant")
