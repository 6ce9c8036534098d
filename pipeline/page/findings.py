"""The findings, computed from the tables: which method to try first, where, and by how much."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from pipeline.evaluation.significance import (
    against_better,
    better,
    moved,
    rows_of,
    tuning_of_baseline,
    verdict,
    worse,
)
from pipeline.params import Params, Setting
from pipeline.system.words import coded, fall, interval, listed, of

ALIKE = 0.1  # points of error: methods no farther apart in any setting are one under two names
SEVERAL = 2  # settings that have both: fewer are no evidence

# The changes of the test error in a setting against the better baseline, by the name of the setting.
Changes = Mapping[str, pd.DataFrame]


def headline(study: Params, differences: pd.DataFrame) -> str:
    """Say in one sentence what lowers the test error."""
    many = several(study, differences)
    if not many:
        return "No setting compares several variants."
    first = leader(many)
    if not first:
        return f"No variant lowers the test error beyond chance in {listed(many)}."
    return f"{first} lowers the test error beyond chance in {listed(_settings_of(first, many, better))}."


def sentences(study: Params, differences: pd.DataFrame) -> list[str]:
    """Say what regularization does, what to try first, what does harm, and on what that rests."""
    many = several(study, differences)
    if not many:
        alone = _compared(study, differences).items()
        return [_single(study.settings[name], name, rows.iloc[0]) for name, rows in alone]
    first, rival = leader(many), _rival(differences, many)
    if first:
        tried = (
            f"**Try `{first}` first.** It lowers the test error beyond chance {_gain(first, many)} against "
            f"{rival}.{_elsewhere(first, many)}"
        )
    else:
        where = _places([*many], len(many))
        tried = f"**No method lowers the test error beyond chance** against {rival}, in {where}."
    said = [_traded(differences, many, first), tried, _more(first, many), _harm(many, rival)]
    return [text for text in (*said, _rests(study, differences, many)) if text]


def tuned(study: Params, differences: pd.DataFrame) -> str:
    """Say where tuning made the baseline better, and where worse; nothing where none is tuned."""
    tuning = {name: tuning_of_baseline(differences, name) for name in study.settings}
    tuning = {name: rows for name, rows in tuning.items() if len(rows)}
    effects = [
        f"{word} in {coded(names)}"
        for word, kind in (("lower", better), ("higher", worse))
        if (names := [name for name, rows in tuning.items() if len(kind(rows))])
    ]
    changes = f"makes its test error {listed(effects)}" if effects else "changes its test error nowhere"
    return f"Tuning the baseline, by cross-entropy, {changes} beyond chance." if tuning else ""


def alike(study: Params, summary: pd.DataFrame, differences: pd.DataFrame) -> str:
    """Say which methods are one under two names: within ALIKE of each other in all settings that have both.

    Nothing where no two methods share SEVERAL settings.
    """
    means = {
        name: rows_of(summary, name, "test_error").set_index("variant").estimate[changes.variant]
        for name, changes in several(study, differences).items()
    }
    apart = {
        pair: [
            abs(errors[pair[0]] - errors[pair[1]]) for errors in means.values() if {*pair} <= {*errors.index}
        ]
        for pair in itertools.combinations(
            dict.fromkeys(v for errors in means.values() for v in errors.index), 2
        )
    }
    apart = {pair: distances for pair, distances in apart.items() if len(distances) >= SEVERAL}
    pairs = [coded(pair) for pair, distances in apart.items() if max(distances) <= ALIKE]
    within = f"within {ALIKE:g} points of each other in every setting"
    if pairs:
        return f"Hardly two methods are {listed(pairs)}: they lie {within}."
    return f"No two methods lie {within}." if apart else ""


def _traded(differences: pd.DataFrame, many: Changes, first: str) -> str:
    """Say how often a method, and the first of them, has less variance and more bias, in squared error."""
    moves = pd.concat([moved(differences, name) for name in many])
    (traded, both, more), count = (int(moves[name].sum()) for name in ("traded", "both", "more")), len(moves)
    if not count:
        return ""
    if not traded:
        return (
            "No trade of variance for bias can be told from chance here: in "
            f"{of(traded, count)} comparisons of a method in a setting."
        )
    share = "mostly " if traded > count / 2 else ""
    fewer = f" In {both}, both fall." if both else ""
    fewer += f" In {more}, variance rises." if more else ""
    own = moves.traded[moves.index == first]
    its = f" `{first}` makes this trade in {of(int(own.sum()), len(own))} settings." if own.any() else ""
    return (
        f"Regularization {share}trades variance for bias: networks differ less from one training set to the "
        f"next, and their average fits a little worse. By squared error, that is so in {of(traded, count)} "
        f"comparisons of a method in a setting.{fewer}{its}"
    )


def _harm(many: Changes, rival: str) -> str:
    """Name the variants that raise the test error, and in how many of their settings."""
    having = pd.concat(many.values()).variant.value_counts()
    harmed = pd.concat([worse(changes) for changes in many.values()]).variant.value_counts()
    ranked = sorted(harmed.items(), key=lambda item: (-item[1], -item[1] / having[item[0]]))
    said = [f"`{variant}` in {of(count, having[variant])} settings" for variant, count in ranked]
    return f"Some do worse than {rival}, beyond chance: {listed(said)}." if said else ""


def _rests(study: Params, differences: pd.DataFrame, many: Changes) -> str:
    """Say on how many replicates and which data and networks the findings rest."""
    counts = {int(count) for changes in many.values() for count in changes.n}
    tuning = " Every method with a strength was tuned with as many candidates as the baseline."
    any_tuned = any(len(tuning_of_baseline(differences, name)) for name in many)
    return (
        f"This rests on {_range(counts)} paired replicates a setting, with "
        f"{_scope([study.settings[name] for name in many])}.{tuning * any_tuned}"
    )


def several(study: Params, differences: pd.DataFrame) -> Changes:
    """Return the changes of the test error in the settings that compare several variants, by setting."""
    compared = _compared(study, differences).items()
    return {name: changes for name, changes in compared if len(changes) > 1}


def leader(many: Changes) -> str:
    """Return the variant that is better than the better baseline in the most settings; none if none is.

    Several such variants give the one whose mean change, over the settings that have it, is the largest fall.
    """
    gains = pd.concat([better(changes) for changes in many.values()])
    if gains.empty:
        return ""
    counts = gains.variant.value_counts()
    most = counts[counts == counts.max()].index
    every = pd.concat(list(many.values()))
    return str(every[every.variant.isin(most)].groupby("variant").estimate.mean().idxmin())


def _compared(study: Params, differences: pd.DataFrame) -> Changes:
    errors = {name: against_better(differences, name) for name in study.settings}
    return {name: changes for name, changes in errors.items() if len(changes)}


def _scope(settings: Sequence[Setting]) -> str:
    """Say with which data and networks the settings were trained."""
    sizes, depths = ({*values} for values in zip(*map(_extent, settings), strict=True))
    data = coded(dict.fromkeys(setting.data for setting in settings), "or")
    layers = "layer" if depths == {1} else "layers"
    return f"{_range(sizes)} training images of {data} and {_range(depths)} hidden {layers}"


def _extent(setting: Setting) -> tuple[int, int]:
    return setting.train_size, setting.network.network.depth


def _range(values: set[int]) -> str:
    least, most = min(values), max(values)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _gain(first: str, many: Changes) -> str:
    """Say where a variant lowers the error, and by how much."""
    where = _settings_of(first, many, better)
    having = sum(first in set(changes.variant) for changes in many.values())
    gains = [_row(many[name], first) for name in where]
    falls = sorted(-float(row.estimate) for row in gains)
    size = fall(gains[0]) if len(gains) == 1 else f"{falls[0]:.2f} to {falls[-1]:.2f}"
    return f"in {_places(where, having)}, by {size} points"


def _places(where: Sequence[str], count: int) -> str:
    """Name settings, and say how many of them there are."""
    if count == 1:
        return f"`{where[0]}`"
    if len(where) == count:
        return "both settings" if count == 2 else f"all {count} settings"
    return f"{len(where)} of {count} settings ({coded(where)})"


def _rival(differences: pd.DataFrame, many: Changes) -> str:
    if any(len(tuning_of_baseline(differences, name)) for name in many):
        return "the better of two baselines, tuned and not tuned"
    return "the baseline"


def _elsewhere(first: str, many: Changes) -> str:
    """Say where the variant does nothing that can be told from chance, and where it does harm."""
    having = [name for name, changes in many.items() if first in set(changes.variant)]
    harmed = _settings_of(first, many, worse)
    open_ = [name for name in having if name not in harmed + _settings_of(first, many, better)]
    return (f" In {coded(open_)}, it cannot be told from that baseline." if open_ else "") + (
        f" In {coded(harmed)}, it raises the error beyond chance." if harmed else ""
    )


def _more(first: str, many: Changes) -> str:
    """Name what gains most beyond chance in a setting, where it is another variant."""
    settings: dict[str, list[str]] = {}
    for name, changes in many.items():
        gains = better(changes)
        if len(gains) and (most := str(gains.variant[gains.estimate.idxmin()])) != first:
            settings.setdefault(most, []).append(name)
    said = [f"`{variant}` in {coded(names)}" for variant, names in settings.items()]
    return f"The largest gain of a setting is another's: {', '.join(said)}." if said and first else ""


def _settings_of(variant: str, many: Changes, kind: Callable[[pd.DataFrame], pd.DataFrame]) -> list[str]:
    """Return the settings where a variant is among the better ones, or among the worse."""
    return [name for name, changes in many.items() if variant in set(kind(changes).variant)]


def _row(changes: pd.DataFrame, variant: str) -> pd.Series:
    return changes[changes.variant == variant].iloc[0]


def _single(setting: Setting, name: str, change: pd.Series) -> str:
    verdicts = {
        "better": "a gain beyond chance",
        "worse": "a loss beyond chance",
        "indistinguishable": "which cannot be told from chance",
    }
    return (
        f"In `{name}` ({setting.train_size:,} images of `{setting.data}`), `{change.variant}` changes the "
        f"error of the {str(change.reference).replace('_', ' ')} by {interval(change, 2, '+')} points, "
        f"{verdicts[verdict(change.estimate, change.p_holm)]}."
    )
