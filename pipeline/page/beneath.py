"""What lies beneath the findings: the baseline's own tuning, and the changes in bias and variance."""

from __future__ import annotations

import pandas as pd

from pipeline.evaluation.significance import (
    against,
    against_untuned,
    better,
    everywhere,
    is_tuned,
    moved,
    worse,
)
from pipeline.page.findings import Changes, several
from pipeline.params import TUNED_BASELINE, Params
from pipeline.system.words import interval, listed, of


def sentences(study: Params, differences: pd.DataFrame) -> list[str]:
    """Say what tuning did to the baseline, and what changed in bias and in variance."""
    many = several(study, differences)
    return [text for text in (_rival(differences, many), _bias_and_variance(differences, many)) if text]


def _rival(differences: pd.DataFrame, many: Changes) -> str:
    """Say what tuning did to the error of the baseline, and which choices stand without it.

    The tuning goes by cross-entropy: it may have made the rival easier to beat.
    """
    untuned = against_untuned(differences, many)
    tuning = {name: changes[changes.variant == TUNED_BASELINE] for name, changes in untuned.items()}
    effects = [
        f"{interval(changes.iloc[0], 2, '+')} points in `{name}`"
        for name, changes in tuning.items()
        if len(changes)
    ]
    if not effects:
        return ""
    text = f"The baseline is tuned by cross-entropy. This changes its test error by {listed(effects)}."
    chosen = everywhere(many)
    if not chosen:
        return text
    standing = sum(name in chosen for name in everywhere(untuned))
    if len(chosen) == 1:
        who, lowers = "the chosen variant", "lowers" if standing else "does not lower"
    else:
        share = "all" if standing == len(chosen) else standing or "none"
        who = f"{share} of the {len(chosen)} chosen variants"
        lowers = "lower" if standing > 1 else "lowers"
    return f"{text} Against the untuned baseline, {who} {lowers} the test error{' too' * (standing > 0)}."


def _bias_and_variance(differences: pd.DataFrame, many: Changes) -> str:
    """Say how many variants moved bias and variance which way beyond chance (squared error)."""
    counts = {name: moved(differences, name) for name in many}
    trades = [
        f"in `{name}`, {of(traded, count)} variants lower the variance and raise the bias, and "
        f"{both or 'none'} lower{'s' * (both < 2)} both"
        for name, (traded, both, count) in counts.items()
        if count
    ]
    if not trades:
        return ""
    text = "Bias and variance add up to the squared error. "
    text += f"Against the untuned baseline: {'; '.join(trades)}."
    chosen = everywhere(many)
    tuned = [name for name, changes in many.items() if is_tuned(changes)]
    if chosen and tuned:
        against_tuned = [
            f"in `{name}`, {_changed(differences, name, 'bias', chosen)} and "
            f"{_changed(differences, name, 'variance', chosen)}"
            for name in tuned
        ]
        who = f"the {len(chosen)} chosen variants" if len(chosen) > 1 else "the chosen variant"
        text += f" Against the tuned baseline, for {who}: {'; '.join(against_tuned)}."
    return f"{text} Only changes beyond chance are counted."


def _changed(differences: pd.DataFrame, setting: str, part: str, chosen: list[str]) -> str:
    """Say how many of the chosen have less, and how many more, of a part than the tuned baseline."""
    changes = against(differences, setting, f"squared_error_{part}", TUNED_BASELINE)
    lower, higher = (int(rows.variant.isin(chosen).sum()) for rows in (better(changes), worse(changes)))
    moves = {word: count for word, count in (("lower", lower), ("higher", higher)) if count}
    if len(chosen) == 1:
        return f"the {part} is {next(iter(moves))}" if moves else f"the {part} does not change"
    counts = [f"{word} in {count}" for word, count in moves.items()]
    return f"the {part} is {' and '.join(counts)}" if counts else f"the {part} changes in none"
