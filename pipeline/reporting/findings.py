"""The findings, computed from the tables: which variant to choose, by how much, and what fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE, Params, Setting
from pipeline.reporting.significance import (
    against,
    against_untuned,
    better,
    everywhere,
    is_tuned,
    moved,
    rows_of,
    verdict,
    worse,
)
from pipeline.reporting.words import capital, coded, fall, interval, listed, of


def conditions(name: str, setting: Setting) -> str:
    """Say what a setting is, in a clause."""
    noise = f", {setting.label_noise:.0%} of them with a wrong label" if setting.label_noise else ""
    layers = "-".join(str(units) for units in setting.hidden)
    sets = f"{setting.splits} disjoint training sets" if setting.splits > 1 else "one training set"
    inits = f"{setting.inits} initialisations" if setting.inits > 1 else "one initialisation"
    return (
        f"`{name}`: {setting.train_size:,} images{noise}, hidden layers {layers} ({setting.activation}), "
        f"{setting.optimizer.name} at {setting.optimizer.learning_rate:g}, batches of {setting.batch_size}, "
        f"{setting.epochs} epochs, {sets} x {inits}"
    )


def headline(study: Params, differences: pd.DataFrame) -> str:
    """Say in one sentence what lowers the test error."""
    many = _several(_compared(study, differences))
    if not many:
        return "No setting compares several variants."
    chosen, where = everywhere(many), f"in {listed(list(many))}"
    if not chosen:
        return f"No variant lowers the test error beyond chance {where}."
    return (
        f"{listed(chosen)} {'lower' if len(chosen) > 1 else 'lowers'} the test error beyond chance {where}."
    )


def paragraph(study: Params, summary: pd.DataFrame, differences: pd.DataFrame) -> str:
    """Say which variant to choose, by how much it is better, and what fails."""
    compared = _compared(study, differences)
    many = _several(compared)
    parts = [
        _choice(study, many),
        _by_how_much(summary, many),
        _failing(differences, many),
        *(
            _single(study.settings[name], name, rows.iloc[0])
            for name, rows in compared.items()
            if name not in many
        ),
    ]
    return " ".join(filter(None, parts))


def beneath(study: Params, differences: pd.DataFrame) -> list[str]:
    """Say what lies beneath: what tuning did to the rival, and what changed in bias and in variance."""
    many = _several(_compared(study, differences))
    return [said for said in (_rival(differences, many), _parts(differences, many)) if said]


def _compared(study: Params, differences: pd.DataFrame) -> dict[str, pd.DataFrame]:
    errors = {name: against(differences, name, "test_error") for name in study.settings}
    return {name: rows for name, rows in errors.items() if len(rows)}


def _several(compared: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: rows for name, rows in compared.items() if len(rows) > 1}


def _choice(study: Params, many: Mapping[str, pd.DataFrame]) -> str:
    if not many:
        return ""
    places = listed(f"`{name}` ({_short(study.settings[name])})" for name in many)
    chosen = everywhere(many)
    where = f"in {'each of ' * (len(many) > 1)}{places}"
    count = max(len(rows) for rows in many.values())
    rival = _named_rival(many)
    if not chosen:
        some = [f"{of(len(better(rows)), len(rows))} in `{name}`" for name, rows in many.items()]
        single = f" In each by itself: {listed(some)}." if len(many) > 1 else ""
        none = f"**None of {count} variants lowers the test error beyond chance {where}**"
        return f"{none}, against {rival}.{single}"
    these = f"these {len(chosen)} lower" if len(chosen) > 1 else "this one lowers"
    return (
        f"**Choose {coded(chosen, 'or')}**: of {count} variants {these} the test error beyond chance "
        f"{where}, against {rival}.{_kin(study, chosen)}"
    )


def _named_rival(many: Mapping[str, pd.DataFrame]) -> str:
    plain = [name for name, rows in many.items() if not is_tuned(rows)]
    if len(plain) == len(many):
        return "the baseline"
    exception = f" (not in {coded(plain)})" if plain else ""
    return f"the baseline, its epochs and learning rate tuned with as many trials{exception}"


def _kin(study: Params, chosen: list[str]) -> str:
    """Say which regularizers several of the chosen share: they are hardly as many answers."""
    shared = Counter(part for name in chosen for part in study.variants[name][0].regularizers)
    said = [
        f" {capital(of(count, len(chosen)))} are `{part}`, alone or with another."
        for part, count in shared.items()
        if count > 1
    ]
    return "".join(said)


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
    plain = against_untuned(differences, many)
    own = {name: rows[rows.variant == TUNED_BASELINE] for name, rows in plain.items()}
    said = [f"{interval(rows.iloc[0], 2, '+')} points in `{name}`" for name, rows in own.items() if len(rows)]
    if not said:
        return ""
    text = f"Tuning, by cross-entropy, changes the baseline's own error by {listed(said)}"
    chosen = everywhere(many)
    if not chosen:
        return f"{text}."
    standing = [name for name in everywhere(plain) if name in chosen]
    return (
        f"{text}. Of the {len(chosen)} chosen {len(standing) or 'none'} "
        f"lower{'s' * (len(standing) == 1)} the test error against the untuned baseline too."
    )


def _parts(differences: pd.DataFrame, many: Mapping[str, pd.DataFrame]) -> str:
    """Say how many variants moved bias and variance which way beyond chance (squared error)."""
    found = {name: moved(differences, name) for name in many}
    said = [
        f"in `{name}` {of(traded, count)} variants lower the variance at the price of bias and "
        f"{both or 'none'} lower{'s' * (both == 1)} both"
        for name, (traded, both, count) in found.items()
        if count
    ]
    if not said:
        return ""
    text = f"Of the squared error, against the untuned baseline, {'; '.join(said)}"
    chosen = everywhere(many)
    tuned = [name for name, rows in many.items() if is_tuned(rows)]
    if chosen and tuned:
        counts = [
            f"in `{name}` {_changed(differences, name, 'bias', chosen)}, "
            f"{_changed(differences, name, 'variance', chosen)}"
            for name in tuned
        ]
        text += f". Against the tuned one, of the {len(chosen)} chosen: {'; '.join(counts)}"
    return f"{text} (each change beyond chance)."


def _changed(differences: pd.DataFrame, setting: str, part: str, chosen: list[str]) -> str:
    """Say how many of the chosen have less, and how many more, of a part than the tuned baseline."""
    rows = against(differences, setting, f"squared_error_{part}", TUNED_BASELINE)
    lower, higher = (int(found.variant.isin(chosen).sum()) for found in (better(rows), worse(rows)))
    said = [f"{word} in {count}" for word, count in (("lower", lower), ("higher", higher)) if count]
    return f"the {part} is {' and '.join(said)}" if said else f"the {part} changes in none"


def _failing(differences: pd.DataFrame, many: Mapping[str, pd.DataFrame]) -> str:
    said = []
    plain = against_untuned(differences, many)
    for name, rows in many.items():
        failing = worse(rows).sort_values("estimate", kind="stable")
        if len(failing):
            most = failing.iloc[-1]
            by = f"by {interval(most, 2)} points"
            where = f"in `{name}`"
            if is_tuned(rows):
                still = int(worse(plain[name]).variant.isin(failing.variant).sum())
                where += f" ({still or 'none'} against the untuned baseline too)"
            alone = f"`{most.variant}` raises the error {where}, {by}"
            several = f"{of(len(failing), len(rows))} raise it {where}, most of all `{most.variant}`, {by}"
            said.append(alone if len(failing) == 1 else several)
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
        f"In `{name}` ({_short(setting)}) `{row.variant}` changes the error of the "
        f"{str(row.reference).replace('_', ' ')} by {interval(row, 2, '+')} points, "
        f"{verdicts[verdict(row.estimate, row.p_holm)]}."
    )


def gap(name: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Say how wide the train-test gap is, how many variants narrow it, and how it opens in training."""
    (base,) = rows_of(tables["summary"], name, "cross_entropy_gap").query("variant == @BASELINE").itertuples()
    gaps = against(tables["differences"], name, "cross_entropy_gap", BASELINE)
    gaps = gaps[gaps.variant != TUNED_BASELINE]
    narrowed = len(better(gaps))
    who = f"{of(narrowed, len(gaps))} variants narrow it"
    if len(gaps) == 1:
        who = f"`{gaps.variant.iloc[0]}` {'narrows it' if narrowed else 'does not narrow it'}"
    text = (
        f"In `{name}` the gap in cross-entropy is {interval(base, 3)} nats without regularization; "
        f"{who} beyond chance."
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


def _short(setting: Setting) -> str:
    noise = f", {setting.label_noise:.0%} of the labels wrong" if setting.label_noise else ""
    return f"{setting.train_size:,} images{noise}"


def _estimate(summary: pd.DataFrame, setting: str, variant: str, metric: str) -> float:
    rows = rows_of(summary, setting, metric)
    return float(rows[rows.variant == variant].estimate.iloc[0])
