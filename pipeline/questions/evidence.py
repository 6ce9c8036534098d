"""Evidence that several questions judge by: scores on unseen data, and wrong labels learned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.claim import paired_by_split, variants_of
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence, Outcome
from pipeline.system.words import coded

# What a variant is held against: both rivals, always, for a comparison with one alone says little.
RIVALS = {BASELINE: "the same training without it", TUNED_BASELINE: "the tuned baseline"}
UNSEEN = {
    "test_cross_entropy": ("test cross-entropy", "nats", 0.005),
    "test_error": ("test error", "points", 0.1),
}
MEMORISED = 0.10  # of the wrong labels


def on_unseen_data(runs: pd.DataFrame, among: Collection[str] | None = None) -> list[Evidence]:
    """Return by how much variants lower the scores UNSEEN of each rival that a setting has.

    `runs` is a row a run; `among` names the variants that are judged, by default all.
    """
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            f"{name}, against {words}",
            unit,
            -paired_by_split(runs, setting, score, variant, rival),
            margin,
        )
        for setting in runs.setting.unique()
        for rival, words in RIVALS.items()
        if rival in set(runs[runs.setting == setting].variant)
        for score, (name, unit, margin) in UNSEEN.items()
        for variant in variants_of(runs, setting)
        if among is None or variant in among
    ]


def wrong_labels(memorised: pd.DataFrame, among: Collection[str] | None = None) -> list[Evidence]:
    """Return by how much variants lower the baseline's excess of wrong labels, seen above unseen.

    `memorised` is a row a run with the shares `seen` and `unseen`; `among` as above.
    """
    rows = memorised.assign(excess=memorised.seen - memorised.unseen)
    return [
        verdicts.paired(
            f"{variant} in {setting}",
            "wrong labels learned, seen above unseen",
            "share",
            -paired_by_split(rows, setting, "excess", variant),
            MEMORISED,
        )
        for setting in rows.setting.unique()
        if BASELINE in set(rows[rows.setting == setting].variant)
        for variant in variants_of(rows, setting)
        if among is None or variant in among
    ]


def learned(memorised: pd.DataFrame, among: Collection[str]) -> list[str]:
    """Say, by setting, which excess of wrong labels the baseline and the variants have, the least first."""
    said = []
    rows = memorised.assign(excess=memorised.seen - memorised.unseen)
    for setting, of_setting in rows.groupby("setting", sort=False):
        means = of_setting.groupby("variant").excess.mean()
        if BASELINE not in means:
            continue
        chosen = means[[name for name in means.index if name in among]].sort_values()
        each = ", ".join(f"{name} {100 * share:.0f}" for name, share in chosen.items())
        said.append(
            f"in {setting} the network without regularization repeats the wrong labels that it trained on "
            f"{100 * means[BASELINE]:.0f} points more often than others{f' ({each})' if each else ''}"
        )
    return said


def where_it_holds(outcomes: Iterable[tuple[str, str]]) -> tuple[list[str], list[str], list[str]]:
    """Return the variants for which a claim holds in every setting, in some, and in none.

    `outcomes` are pairs of a condition, such as `l2 in small`, and the outcome there.
    """
    found: dict[str, list[str]] = {}
    for condition, outcome in outcomes:
        found.setdefault(condition.partition(" in ")[0], []).append(outcome)
    holding = {name: each.count(Outcome.HOLDS) for name, each in found.items()}
    everywhere = [name for name, count in holding.items() if count == len(found[name])]
    partly = [name for name, count in holding.items() if 0 < count < len(found[name])]
    return everywhere, partly, [name for name, count in holding.items() if not count]


def all_but(names: Sequence[str], everyone: Sequence[str]) -> str:
    """Name methods by those that are not among them, where these are fewer."""
    left = [name for name in everyone if name not in names]
    if len(everyone) > 1 and len(left) < len(names):
        return f"every method but {coded(left)}" if left else "every method"
    return coded(names) or "no method"


def verb(stem: str, names: Sequence[str], subject: str = "") -> str:
    """Return a verb as it goes with methods: `narrow`, or `narrows` with one, none or `every method`."""
    return f"{stem}{'s' * (len(names) < 2 or subject.startswith('every'))}"


def by_place(outcomes: Iterable[tuple[str, str]], verb: str, what: str) -> str:
    """Say which variants do what the claim says in every setting, in some, and in none.

    `outcomes` as above. Returns `a` and `b` narrow the gap in every setting; `c` narrows it in none.
    """
    parts: list[str] = []
    for names, where in zip(
        where_it_holds(outcomes), ("every setting", "some settings", "none"), strict=True
    ):
        if names:
            thing = "it" if parts else what
            parts.append(f"{coded(names)} {verb}{'s' * (len(names) == 1)} {thing} in {where}")
    return "; ".join(parts)
