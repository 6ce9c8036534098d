"""What the study says to each question of the source text, computed from the evidence and the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from pipeline.params import BASELINE
from pipeline.reporting.significance import against
from pipeline.reporting.words import capital, interval, listed, of

Tables = Mapping[str, pd.DataFrame]
PATIENCE = 5  # of the rule on the validation loss, as in the claim on early stopping


def computed(tables: Tables, evidence: pd.DataFrame) -> dict[str, str]:
    """Return the computed sentences by the number of the question; nothing where there was nothing to see."""
    makers: dict[str, Callable[[Tables, pd.DataFrame], str]] = {
        "1": _overfitting,
        "2": _tradeoff,
        "3": _weights,
        "4": _penalties,
        "5": _dropout,
        "6": _stopping,
        "7": _normalization,
        "8": _textbook,
        "9": _choice,
    }
    return {number: make(tables, evidence) for number, make in makers.items()}


def least_risk(paths: pd.DataFrame) -> str:
    """Say at which strength of every path the risk is least."""
    risks = paths[paths.metric == "squared_error_risk"]
    said = []
    for setting, own in risks.groupby("setting", sort=False):
        best = own.loc[own.groupby("variant", sort=False).estimate.idxmin()]
        at = [
            f"{row.strength:g} of {row.variant}" if row.step else f"no {row.variant}"
            for row in best.itertuples()
        ]
        said.append(f"in `{setting}` at {listed(at)}")
    return f"The risk is least {'; '.join(said)}." if said else ""


def _overfitting(tables: Tables, evidence: pd.DataFrame) -> str:
    summary = tables["summary"]
    base = summary[(summary.variant == BASELINE) & (summary.metric == "cross_entropy_gap")]
    gaps = [f"{interval(row, 3)} nats in `{row.setting}`" for row in base.itertuples()]
    own = _of(evidence, "1")
    if not len(own):
        return ""
    return (
        f"Without regularization the gap in cross-entropy is {listed(gaps)}. In {_holding(own)} comparisons "
        f"of a gap, in cross-entropy or in error, regularization narrowed it; in {_outcome(own, 'reversed')} "
        "it widened it."
    )


def _tradeoff(tables: Tables, evidence: pd.DataFrame) -> str:
    rises, falls = _of(evidence, "2a"), _of(evidence, "2b")
    if not len(rises):
        return ""
    return (
        f"Along the paths of strength, in two losses, bias rose beyond chance in {_holding(rises)} and "
        f"variance fell in {_holding(falls)}. {least_risk(tables['strength_paths/paths'])}"
        f"{_sources(tables['decomposition'])}"
    )


def _sources(decomposition: pd.DataFrame) -> str:
    """Say what the variance of the baseline is made of, where that can be told."""
    names = {
        "split": "comes with the training set",
        "init": "with the initial weights",
        "interaction": "with the two together",
    }
    said = []
    for row in decomposition[decomposition.variant == BASELINE].to_dict("records"):
        parts = {name: row[f"variance_{name}"] for name in names}
        total = sum(parts.values())
        if total > 0:  # not NaN, of a single training set
            shares = [f"{parts[name] / total:.0%} {words}" for name, words in names.items()]
            said.append(f"in `{row['setting']}` {listed(shares)}")
    return f" Of the baseline's variance (squared error) {'; '.join(said)}." if said else ""


def _weights(tables: Tables, evidence: pd.DataFrame) -> str:
    spread = tables["weights/spread"]
    own = spread[(spread.kernels == "all") & (spread.weights == "live")]
    said = []
    for setting, rows in own.groupby("setting", sort=False):
        names = {"participation_ratio": "carrying", "validation_cross_entropy": "loss"}
        means = rows.groupby("variant")[["near_zero", "norm", *names]].mean().rename(columns=names)
        if {BASELINE, "l1", "l2"} <= set(means.index):
            l1, l2, base = means.loc["l1"], means.loc["l2"], means.loc[BASELINE]
            said.append(
                f"in `{setting}` (validation loss {l1.loss:.3f} under L1, {l2.loss:.3f} under L2, "
                f"{base.loss:.3f} without) {l1.near_zero:.0%} of the weights lie below 0.001 under L1, "
                f"{l2.near_zero:.0%} under L2 and {base.near_zero:.0%} without; their norm is {l1.norm:.1f}, "
                f"{l2.norm:.1f} and {base.norm:.1f}; the share of the weights that carry it is "
                f"{l1.carrying:.1%}, {l2.carrying:.1%} and {base.carrying:.1%}"
            )
    return ". ".join(map(capital, said)) + "." * bool(said)


def _penalties(tables: Tables, evidence: pd.DataFrame) -> str:
    own = _of(evidence, "4")
    said = [
        f"the {name} in {_holding(rows)} comparisons and raised it in {_outcome(rows, 'reversed') or 'none'}"
        for unit, name in (("points", "test error"), ("nats", "test cross-entropy"))
        if len(rows := own[own.unit == unit])
    ]
    if not said:
        return ""
    return (
        f"Against a baseline tuned with as many trials, penalties on the weights lowered {'; '.join(said)}."
    )


def _dropout(tables: Tables, evidence: pd.DataFrame) -> str:
    said = []
    silent, passes, longer = (_of(evidence, number) for number in ("5a", "5b", "5c"))
    if len(silent):
        parts = [f"{interval(row, 1)} points in `{row.condition}`" for row in silent.itertuples()]
        said.append(f"With half of the hidden units silenced, dropout saves {listed(parts)}.")
    if len(passes):
        many = passes.drop_duplicates("condition", keep="last")
        number = tables["monte_carlo/scores"].passes.max()
        parts = [f"{interval(row, 2, '+')} points in `{row.condition}`" for row in many.itertuples()]
        said.append(
            f"To average {number} passes with dropout on, instead of one with it off, changes the error by "
            f"{listed(parts)}."
        )
    best = longer[longer.endpoint == "best epoch"]
    if len(best):
        parts = [f"{interval(row, 0)} epochs in `{row.condition}`" for row in best.itertuples()]
        said.append(f"The best epoch comes later by {listed(parts)}.")
    return " ".join(said)


def _stopping(tables: Tables, evidence: pd.DataFrame) -> str:
    stops = tables["stopping/stops"]
    own = stops[(stops.patience == PATIENCE) & (stops.criterion == "cross_entropy")]
    saved = [
        f"in `{setting}` it saves {rows.epochs_saved.mean():.0f} of "
        f"{(rows.epochs_saved + rows.stopped).mean():.0f} epochs and ends {rows.loss_regret.mean():.3f} nats "
        f"and {rows.error_regret.mean():.2f} points above the best epoch in hindsight"
        for setting, rows in own.groupby("setting", sort=False)
    ]
    said = (
        [f"With a patience of {PATIENCE} epochs on the validation loss, {'; '.join(saved)}."] if saved else []
    )
    memorised = tables["stopping/memorised"]
    for setting, rows in memorised.groupby("setting", sort=False):
        seen = rows.groupby("variant").seen.mean()
        if {BASELINE, "early_stopping"} <= set(seen.index):
            said.append(
                f"In `{setting}` the stopped network puts out {seen['early_stopping']:.0%} of the wrong "
                f"labels that it was trained on, the one trained to the end {seen[BASELINE]:.0%}."
            )
    return " ".join(said)


def _normalization(tables: Tables, evidence: pd.DataFrame) -> str:
    said = []
    rates = _of(evidence, "7b")
    if len(rates):
        parts = [
            f"{10**row.estimate:.2g} [{10**row.low:.2g}, {10**row.high:.2g}] times the plain one's in the "
            f"{row.condition} network"
            for row in rates.itertuples()
        ]
        said.append(f"The largest learning rate that still works is {listed(parts)}.")
    errors = [
        f"{interval(row, 2, '+')} points in `{setting}`"
        for setting in tables["differences"].setting.unique()
        for row in against(tables["differences"], setting, "test_error", BASELINE).itertuples()
        if row.variant == "batch_norm"
    ]
    if errors:
        said.append(
            "At the settings' own rate it changes the test error, against the network without it, by "
            f"{listed(errors)}."
        )
    return " ".join(said)


def _textbook(tables: Tables, evidence: pd.DataFrame) -> str:
    own = _of(evidence, "8")
    if not len(own):
        return ""
    (row,) = own.itertuples()
    return (
        f"Over {row.n} replicates dropout lowered the test error by {interval(row, 2)} points; "
        f"differences within {row.margin:g} points count as none."
    )


def _choice(tables: Tables, evidence: pd.DataFrame) -> str:
    winners = tables["map/winners"]
    counts = [f"`{name}` in {count}" for name, count in winners.best.value_counts().items()]
    own = _of(evidence, "9")
    if not counts or not len(own):
        return ""
    axes = list(own[own.outcome == "holds"].condition)
    moved = f"along {listed(axes)}" if axes else "along none of the axes"
    return (
        f"In the {len(winners)} cells of the map the lowest error is that of {listed(counts)}; in "
        f"{int(winners.tied.notna().sum())} of them another method cannot be told from it. Beyond chance, "
        f"two methods change places {moved}."
    )


def _of(evidence: pd.DataFrame, claim: str) -> pd.DataFrame:
    return evidence[evidence.claim == claim]


def _holding(rows: pd.DataFrame) -> str:
    return of(_outcome(rows, "holds"), len(rows))


def _outcome(rows: pd.DataFrame, outcome: str) -> int:
    return int((rows.outcome == outcome).sum())
