"""The findings, computed from the tables: which variant to choose, by how much, and what fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from pipeline.evaluation.significance import (
    against,
    against_untuned,
    better,
    everywhere,
    is_tuned,
    rows_of,
    verdict,
    worse,
)
from pipeline.params import Params, Setting
from pipeline.system.words import coded, fall, interval, listed, of

SHALLOW = 2  # a network of more hidden layers is described
NAMED = 3  # no more failing variants than this are named; more are counted
IN = {1: "in", 2: "in both"}  # so many settings; "in each of" more

# The changes of the test error in a setting, by the name of the setting.
Changes = Mapping[str, pd.DataFrame]


def headline(study: Params, differences: pd.DataFrame) -> str:
    """Say in one sentence what lowers the test error."""
    many = several(study, differences)
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
    many = several(study, differences)
    parts = [
        _choice(study, many),
        _largest_gains(summary, many),
        _failing(differences, many),
        *(
            _single(study.settings[name], name, changes.iloc[0])
            for name, changes in _compared(study, differences).items()
            if name not in many
        ),
    ]
    return " ".join(filter(None, parts))


def several(study: Params, differences: pd.DataFrame) -> Changes:
    """Return the changes of the test error in the settings that compare several variants, by setting."""
    compared = _compared(study, differences).items()
    return {name: changes for name, changes in compared if len(changes) > 1}


def _compared(study: Params, differences: pd.DataFrame) -> Changes:
    errors = {name: against(differences, name, "test_error") for name in study.settings}
    return {name: changes for name, changes in errors.items() if len(changes)}


def _choice(study: Params, many: Changes) -> str:
    if not many:
        return ""
    places = listed(f"`{name}` ({_short(study.settings[name])})" for name in many)
    where = f"{IN.get(len(many), 'in each of')} {places}"
    count = max(len(changes) for changes in many.values())
    chosen = everywhere(many)
    if not chosen:
        counts = [f"{of(len(better(changes)), len(changes))} in `{name}`" for name, changes in many.items()]
        by_setting = f" In each setting alone, the error is lower for {listed(counts)}." * (len(many) > 1)
        none = f"**None of {count} variants lowers the test error beyond chance {where}.**"
        return f"{none} {_named_rival(many)}{by_setting}"
    these = f"these {len(chosen)} lower" if len(chosen) > 1 else "this one alone lowers"
    return (
        f"**Choose {coded(chosen, 'or')}.** Of {count} variants, {these} the test error beyond chance "
        f"{where}. {_named_rival(many)}{_kin(study, chosen)}"
    )


def _named_rival(many: Changes) -> str:
    untuned = [name for name, changes in many.items() if not is_tuned(changes)]
    if len(untuned) == len(many):
        return "Each is compared with the baseline."
    exception = f" (in {coded(untuned)}, with the untuned baseline)" if untuned else ""
    return (
        "Each is compared with a baseline whose epochs and learning rate are tuned with as many "
        f"trials{exception}."
    )


def _kin(study: Params, chosen: list[str]) -> str:
    """Say which regularizers several of the chosen variants share: they are hardly as many answers."""
    shared = Counter(part for name in chosen for part in study.variants[name][0].regularizers)
    return "".join(
        f" {count} of these {len(chosen)} use `{part}`, alone or with another regularizer."
        for part, count in shared.items()
        if count > 1
    )


def _largest_gains(summary: pd.DataFrame, many: Changes) -> str:
    sentences = []
    for name, changes in many.items():
        gains = better(changes).sort_values("estimate", kind="stable")
        if len(gains):
            best = gains.iloc[0]
            before, after = (
                _test_error(summary, name, variant) for variant in (best.reference, best.variant)
            )
            sentences.append(
                f"In `{name}`, `{best.variant}` gains most: {fall(best)} points, "
                f"from {before:.2f} to {after:.2f} %."
            )
    return " ".join(sentences)


def _failing(differences: pd.DataFrame, many: Changes) -> str:
    untuned = against_untuned(differences, many)
    sentences = []
    for name, changes in many.items():
        failing = worse(changes).sort_values("estimate", kind="stable")
        if not len(failing):
            continue
        most = failing.iloc[-1]
        named = len(failing) <= NAMED
        who = coded(failing.variant) if named else f"{of(len(failing), len(changes))} variants"
        raises = "raises" if len(failing) == 1 else "raise"
        still = ""
        if is_tuned(changes):
            standing = int(worse(untuned[name]).variant.isin(failing.variant).sum())
            all_of = "both" if len(failing) == 2 else "all"
            share = all_of if standing == len(failing) else standing or "none"
            still = f" ({share} of them against the untuned baseline too)"
            if len(failing) == 1:
                still = f" ({'' if standing else 'not '}against the untuned baseline{' too' * standing})"
        top = f"`{most.variant}` most, " if len(failing) > 1 else ""
        sentences.append(
            f"In `{name}`, {who} {raises} the error beyond chance{still}, {top}by {interval(most, 2)} points."
        )
    if many and not sentences:
        return "No variant raises the error beyond chance."
    return " ".join(sentences)


def _single(setting: Setting, name: str, change: pd.Series) -> str:
    verdicts = {
        "better": "a gain beyond chance",
        "worse": "a loss beyond chance",
        "indistinguishable": "which cannot be told from chance",
    }
    return (
        f"In `{name}` ({_short(setting)}), `{change.variant}` changes the error of the "
        f"{str(change.reference).replace('_', ' ')} by {interval(change, 2, '+')} points, "
        f"{verdicts[verdict(change.estimate, change.p_holm)]}."
    )


def _short(setting: Setting) -> str:
    noise = f", {setting.label_noise:.0%} of the labels wrong" if setting.label_noise else ""
    beside = f", {setting.distractors:.0%} useless pixels" if setting.distractors else ""
    network = setting.network.network
    layers = f", {network.described}" if network.depth > SHALLOW else ""
    return f"{setting.train_size:,} images of `{setting.data}`{noise}{beside}{layers}"


def _test_error(summary: pd.DataFrame, setting: str, variant: str) -> float:
    errors = rows_of(summary, setting, "test_error")
    return float(errors[errors.variant == variant].estimate.iloc[0])
