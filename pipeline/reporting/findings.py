"""Sentences computed from the tables."""

from __future__ import annotations

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE, Setting

ALPHA = 0.05


def conditions(name: str, setting: Setting) -> str:
    """Say what a setting is, in a clause."""
    noise = f", {setting.label_noise:.0%} of them with a wrong label" if setting.label_noise else ""
    layers = "-".join(str(units) for units in setting.hidden)
    sets = f"{setting.splits} disjoint training sets" if setting.splits > 1 else "one training set"
    inits = f"{setting.inits} initialisations" if setting.inits > 1 else "one initialisation"
    return (
        f"`{name}`: {setting.train_size:,} images{noise}, hidden layers {layers}, "
        f"{setting.epochs} epochs, {sets} x {inits}"
    )


def headline(name: str, summary: pd.DataFrame, differences: pd.DataFrame) -> str:
    """Say what regularization did to the test error, the gap, bias and variance in one setting."""
    errors = against(differences, name, "test_error")
    gaps = against(differences, name, "cross_entropy_gap", BASELINE)
    gaps = gaps[gaps.variant != TUNED_BASELINE]
    base = _estimate(summary, name, errors.reference.iloc[0], "test_error")
    if len(errors) == 1:
        return _single(name, base, errors.iloc[0], gaps.iloc[0])
    better = errors[(errors.p_holm <= ALPHA) & (errors.estimate < 0)].sort_values("estimate")
    worse = errors[(errors.p_holm <= ALPHA) & (errors.estimate > 0)]
    count = len(errors)
    tuned = ", its epochs and learning rate tuned as the variants are," * bool(
        errors.reference.iloc[0] == TUNED_BASELINE
    )
    parts = [
        f"In **`{name}`** the baseline{tuned} errs on {base:.2f} % of the test images. "
        f"{_of(len(better), count)} lowered that beyond chance (Holm-adjusted p at most {ALPHA})"
    ]
    if len(better):
        best = better.iloc[0]
        parts.append(
            f": most of all `{best.variant}`, by {_points(best)}, "
            f"to {_estimate(summary, name, best.variant, 'test_error'):.2f} %"
        )
    parts.append(".")
    if len(worse):
        parts.append(f" {_listed(worse.variant)} raised it.")
    narrowed = gaps[(gaps.p_holm <= ALPHA) & (gaps.estimate < 0)]
    parts.append(
        f" {_of(len(narrowed), count)} narrowed the train-test gap in cross-entropy, which is "
        f"{_estimate(summary, name, BASELINE, 'cross_entropy_gap'):.3f} nats without regularization "
        "or tuning."
    )
    return "".join(parts) + " " + tradeoff(name, summary)


def _single(name: str, base: float, error: pd.Series, gap: pd.Series) -> str:
    verdicts = {
        "better": "lowered the error",
        "worse": "raised the error",
        "indistinguishable": "made no difference to the error that these runs can tell from chance",
    }
    return (
        f"In **`{name}`** the baseline errs on {base:.2f} % of the test images. `{error.variant}` "
        f"{verdicts[verdict(error.estimate, error.p_holm)]}: a change of "
        f"{_interval(error.estimate, error.low, error.high, 2, '+')} points. The train-test gap in "
        f"cross-entropy changed by {_interval(gap.estimate, gap.low, gap.high, 3, '+')} nats."
    )


def tradeoff(name: str, summary: pd.DataFrame) -> str:
    """Say how many variants moved bias and variance which way (squared error)."""
    bias = _against_baseline(summary, name, "squared_error_bias")
    variance = _against_baseline(summary, name, "squared_error_variance")
    traded = ((bias > 0) & (variance < 0)).sum()
    both = ((bias < 0) & (variance < 0)).sum()
    return (
        f"Of {len(bias)}, {traded} lowered the variance at the price of bias, and {both} lowered both "
        f"(point estimates, squared error)."
    )


def against(
    differences: pd.DataFrame, setting: str, metric: str, reference: str | None = None
) -> pd.DataFrame:
    """Return the differences to one reference; by default to the tuned baseline, where there is one."""
    rows = _rows(differences, setting, metric)
    if reference is None:
        reference = TUNED_BASELINE if TUNED_BASELINE in set(rows.reference) else BASELINE
    return rows[rows.reference == reference]


def ranking(name: str, summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a setting's variants, best test error first, with intervals as text."""
    errors = _rows(summary, name, "test_error").sort_values("estimate", kind="stable")
    change = against(differences, name, "test_error").set_index("variant")
    reference = str(change.reference.iloc[0]).replace("_", " ")
    table = []
    for row in errors.itertuples():
        cells = {
            "variant": f"`{row.variant}`",
            "test error, %": _interval(row.estimate, row.low, row.high, 2),
            f"against {reference}, points": "",
            "verdict": "",
        }
        if row.variant in change.index:
            own = change.loc[row.variant]
            cells[f"against {reference}, points"] = _interval(own.estimate, own.low, own.high, 2, "+")
            cells["verdict"] = verdict(own.estimate, own.p_holm)
        for title, metric, digits in (
            ("test cross-entropy", "test_cross_entropy", 3),
            ("gap, nats", "cross_entropy_gap", 3),
            ("bias²", "squared_error_bias", 4),
            ("variance", "squared_error_variance", 4),
        ):
            one = _rows(summary, name, metric).set_index("variant").loc[row.variant]
            cells[title] = _interval(one.estimate, one.low, one.high, digits)
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


def verdict(estimate: float, p_holm: float) -> str:
    """Say whether a difference in test error can be told from none."""
    if not p_holm <= ALPHA:
        return "indistinguishable"
    return "better" if estimate < 0 else "worse"


def _rows(table: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    return table[(table.setting == setting) & (table.metric == metric)]


def _estimate(summary: pd.DataFrame, setting: str, variant: str, metric: str) -> float:
    rows = _rows(summary, setting, metric)
    return float(rows[rows.variant == variant].estimate.iloc[0])


def _against_baseline(summary: pd.DataFrame, setting: str, metric: str) -> pd.Series:
    own = _rows(summary, setting, metric).set_index("variant").estimate
    return own.drop([BASELINE, TUNED_BASELINE], errors="ignore") - own[BASELINE]


def _of(some: int, count: int) -> str:
    return f"{some or 'None'} of {count} variants"


def _points(row: pd.Series) -> str:
    return f"{-row.estimate:.2f} points (95 % interval {-row.high:.2f} to {-row.low:.2f})"


def _listed(names: pd.Series) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _interval(estimate: float, low: float, high: float, digits: int, sign: str = "") -> str:
    shown = [f"{value:{sign}z.{digits}f}" for value in (estimate, low, high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"
