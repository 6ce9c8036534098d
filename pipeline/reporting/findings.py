"""The findings, computed from the tables: which variant to choose, what fails, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE, Setting
from pipeline.reporting.words import coded, fall, interval, listed, of

ALPHA = 0.05
BEYOND = f'"Beyond chance" is a Holm-adjusted p of at most {ALPHA}; brackets are 95 % intervals.'


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


def paragraph(settings: Mapping[str, Setting], summary: pd.DataFrame, differences: pd.DataFrame) -> str:
    """Say which variant to choose, by how much it is better, what fails, and why."""
    errors = {name: against(differences, name, "test_error") for name in settings}
    compared = {name: rows for name, rows in errors.items() if len(rows)}
    many = {name: rows for name, rows in compared.items() if len(rows) > 1}
    parts = [
        _choice(settings, many),
        _by_how_much(summary, many),
        _rival(differences, many),
        _why(differences, list(many)),
        _failing(many),
        *(_single(settings[name], name, rows.iloc[0]) for name, rows in compared.items() if len(rows) == 1),
        BEYOND,
    ]
    return " ".join(filter(None, parts))


def _choice(settings: Mapping[str, Setting], many: Mapping[str, pd.DataFrame]) -> str:
    if not many:
        return ""
    places = listed(f"`{name}` ({_short(settings[name])})" for name in many)
    chosen = _everywhere(many)
    where = f"in {'each of ' * (len(many) > 1)}{places}"
    count = max(len(rows) for rows in many.values())
    tuned = any(rows.reference.eq(TUNED_BASELINE).any() for rows in many.values())
    rival = (
        "the baseline, its epochs and learning rate tuned with as many trials" if tuned else "the baseline"
    )
    if not chosen:
        return f"**None of {count} variants lowers the test error beyond chance {where}**, against {rival}."
    these = f"these {len(chosen)} lower" if len(chosen) > 1 else "this one lowers"
    return (
        f"**Choose {coded(chosen, 'or')}**: of {count} variants {these} the test error beyond chance "
        f"{where}, against {rival}."
    )


def _everywhere(many: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the variants that are better in every setting, the largest mean change first."""
    common = set.intersection(*(set(better(rows).variant) for rows in many.values()))
    change = pd.concat(many.values()).groupby("variant").estimate.mean().sort_values(kind="stable")
    return [str(name) for name in change.index if name in common]


def _by_how_much(summary: pd.DataFrame, many: Mapping[str, pd.DataFrame]) -> str:
    said = []
    for name, rows in many.items():
        found = better(rows).sort_values("estimate", kind="stable")
        if len(found):
            best = found.iloc[0]
            before, after = (
                _estimate(summary, name, variant, "test_error") for variant in (best.reference, best.variant)
            )
            said.append(
                f"`{best.variant}` in `{name}`, by {fall(best)} points, from {before:.2f} to {after:.2f} %"
            )
    return f"Most of all {'; '.join(said)}." if said else ""


def _rival(differences: pd.DataFrame, many: Mapping[str, pd.DataFrame]) -> str:
    """Say what tuning did to the error of the baseline, and which choices stand without it.

    The tuning goes by cross-entropy: it may have made the rival easier to beat.
    """
    plain = {name: against(differences, name, "test_error", BASELINE) for name in many}
    own = {name: rows[rows.variant == TUNED_BASELINE] for name, rows in plain.items()}
    said = [f"{interval(rows.iloc[0], 2, '+')} points in `{name}`" for name, rows in own.items() if len(rows)]
    if not said:
        return ""
    text = f"Tuning, by cross-entropy, changes the baseline's own error by {listed(said)}"
    chosen = _everywhere(many)
    if not chosen:
        return f"{text}."
    standing = [name for name in _everywhere(plain) if name in chosen]
    return f"{text}; against the untuned one {len(standing) or 'none'} of these {len(chosen)} lower it too."


def _why(differences: pd.DataFrame, names: list[str]) -> str:
    """Say how many variants moved bias and variance which way beyond chance (squared error)."""
    found = {name: moved(differences, name) for name in names}
    said = [
        f"in `{name}` {of(traded, count)} variants lower the variance at the price of bias and "
        f"{both or 'none'} lower{'s' * (both == 1)} both"
        for name, (traded, both, count) in found.items()
        if count
    ]
    if not said:
        return ""
    return f"Why: {'; '.join(said)} (squared error, against the untuned baseline, each change beyond chance)."


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


def _failing(many: Mapping[str, pd.DataFrame]) -> str:
    said = []
    for name, rows in many.items():
        worse = rows[(rows.p_holm <= ALPHA) & (rows.estimate > 0)].sort_values("estimate", kind="stable")
        if len(worse):
            most = worse.iloc[-1]
            by = f"by {interval(most, 2)} points"
            alone = f"`{most.variant}` raises the error in `{name}`, {by}"
            several = f"{of(len(worse), len(rows))} raise it in `{name}`, most of all `{most.variant}`, {by}"
            said.append(alone if len(worse) == 1 else several)
    if not said:
        return "No variant raises it beyond chance." if many else ""
    return f"What fails: {'; '.join(said)}."


def _single(setting: Setting, name: str, row: pd.Series) -> str:
    verdicts = {
        "better": "a gain beyond chance",
        "worse": "a loss beyond chance",
        "indistinguishable": "which cannot be told from chance",
    }
    return (
        f"In `{name}` ({_short(setting)}) `{row.variant}` changes the error by {interval(row, 2, '+')} "
        f"points, {verdicts[verdict(row.estimate, row.p_holm)]}."
    )


def gap(name: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Say how wide the train-test gap is, how many variants narrow it, and how it opens in training."""
    (base,) = _rows(tables["summary"], name, "cross_entropy_gap").query("variant == @BASELINE").itertuples()
    gaps = against(tables["differences"], name, "cross_entropy_gap", BASELINE)
    gaps = gaps[gaps.variant != TUNED_BASELINE]
    narrowed = len(better(gaps))
    text = (
        f"In `{name}` the gap in cross-entropy is {interval(base, 3)} nats without regularization; "
        f"{of(narrowed, len(gaps))} variants narrow it beyond chance."
    )
    curves = tables["curves"]
    own = curves[(curves.setting == name) & (curves.variant == BASELINE)]
    wide = own.pivot_table(index="epoch", columns="metric", values="estimate")
    if "validation_cross_entropy" not in wide:
        return text
    validation, train = wide.validation_cross_entropy, wide.train_cross_entropy
    best, last = validation.idxmin(), validation.index.max()
    return (
        f"{text} The baseline's validation cross-entropy is lowest after epoch {best} of {last}, "
        f"{validation[best]:.3f} nats with {train[best]:.3f} in training; at the end it is "
        f"{validation[last]:.3f} with {train[last]:.3f}."
    )


def against(
    differences: pd.DataFrame, setting: str, metric: str, reference: str | None = None
) -> pd.DataFrame:
    """Return the differences to one reference; by default to the tuned baseline, where there is one."""
    rows = _rows(differences, setting, metric)
    if reference is None:
        reference = TUNED_BASELINE if TUNED_BASELINE in set(rows.reference) else BASELINE
    return rows[rows.reference == reference]


def better(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the differences that lie below zero beyond chance."""
    return rows[(rows.p_holm <= ALPHA) & (rows.estimate < 0)]


def verdict(estimate: float, p_holm: float) -> str:
    """Say whether a difference in test error can be told from none."""
    if not p_holm <= ALPHA:
        return "indistinguishable"
    return "better" if estimate < 0 else "worse"


def _short(setting: Setting) -> str:
    noise = f", {setting.label_noise:.0%} of the labels wrong" if setting.label_noise else ""
    return f"{setting.train_size:,} images{noise}"


def _rows(table: pd.DataFrame, setting: str, metric: str) -> pd.DataFrame:
    return table[(table.setting == setting) & (table.metric == metric)]


def _estimate(summary: pd.DataFrame, setting: str, variant: str, metric: str) -> float:
    rows = _rows(summary, setting, metric)
    return float(rows[rows.variant == variant].estimate.iloc[0])
