"""The sentences of numbers that go with the claims on batch normalization."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.batch_norm.measure import decades
from pipeline.science import comparison
from pipeline.science.verdicts import Evidence, Outcome
from pipeline.system.words import listed

FLAT = 0.1  # of its own later shift: below, the plain network's gradients hardly turn


def said(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say the estimates, signed as the claim has them."""
    parts = [f"{row.condition}, {row.endpoint}: {row.estimate:+.3g} {row.unit}" for row in evidence]
    if not parts:
        return ""
    return f"In the direction of the claim: {'; '.join(parts)}.{_learned(tables, evidence)}"


def _learned(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say how well the plain networks do: against one that has hardly learned a comparison says little."""
    summary = tables["summary"]
    conditions = {row.condition for row in evidence}
    plain = summary[(summary.variant == BASELINE) & summary.network.isin(conditions)]
    errors = plain.groupby("network", sort=False).best_error.mean()
    parts = [f"{error:.1f} % on {network}" for network, error in errors.items()]
    return f" The plain network's lowest validation error is {listed(parts)}." if parts else ""


def said_of_shift(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say the estimates; and of a reversed shift, what of it stems from the plain network's first epochs."""
    known = tables["shift"].dropna()
    logs = known.assign(decades=decades(known))
    reversals = [
        row.condition
        for row in evidence
        if row.endpoint == "relative shift" and row.outcome is Outcome.REVERSED
    ]
    parts = [said(tables, evidence), *(_early(logs[logs.network == name], name) for name in reversals)]
    return " ".join(filter(None, parts))


def said_of_overfitting(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say where gap and error fall and where they rise, with the estimates."""
    parts = []
    for unit, name, words in (
        ("nats", "gap", ("narrower", "wider")),
        ("points", "error", ("lower", "higher")),
    ):
        rows = [row for row in evidence if row.unit == unit]
        for outcome, word in zip((Outcome.HOLDS, Outcome.REVERSED), words, strict=True):
            places = [
                f"{row.condition} by {abs(row.estimate):.2f}{_against(row)}"
                for row in rows
                if row.outcome is outcome
            ]
            if places:
                parts.append(f"The {name} is {word} on {listed(places)} {unit}.")
    return " ".join(parts) + _learned(tables, evidence) if evidence else ""


def _against(row: Evidence) -> str:
    _, comma, reference = row.endpoint.partition(", ")
    return f" ({reference})" if comma else ""


def said_of_chain(tables: Tables, evidence: Sequence[Evidence]) -> str:
    """Say, network by network, what shift, gap and error do in the same runs."""
    parts = []
    for network in dict.fromkeys(row.condition for row in evidence):
        chain = tables["chain"][tables["chain"].network == network]
        means = chain.groupby("variant", sort=False)[
            ["decades", "cross_entropy_gap", "validation_error"]
        ].mean()
        shift, gap, error = means.diff().iloc[-1]
        parts.append(
            f"On {network} the relative shift {_moves(shift)} by a factor of {10 ** abs(shift):.2g}; the gap "
            f"of the same runs {_moves(gap)} by {abs(gap):.3f} nats, and the error {_moves(error)} by "
            f"{abs(error):.1f} points."
        )
    if not parts:
        return ""
    return " ".join([*parts, "That two go together does not show that one causes the other."])


def _moves(change: float) -> str:
    return "falls" if change < 0 else "rises"


def _early(logs: pd.DataFrame, network: str) -> str:
    """Split the reversal at the first epoch in which the plain network's shift is no longer FLAT.

    Its own later shift is the median over the second half of the epochs.
    """
    plain = logs[logs.variant == BASELINE].groupby("epoch").decades.mean()
    flat = plain < plain.iloc[len(plain) // 2 :].median() + np.log10(FLAT)
    end = int(plain.index[int(flat.to_numpy().argmin())]) - 1 if not flat.all() else 0
    if end < 1:
        return ""
    parts = []
    for rows in (logs[logs.epoch <= end], logs[logs.epoch > end]):
        means = rows.groupby(["split", "variant"]).decades.mean().unstack()
        falls = means[BASELINE] - means.drop(columns=BASELINE).squeeze(axis=1)
        if falls.count() < 2:  # too few networks were alive then
            return ""
        row = comparison.mean_interval(falls.dropna())
        parts.append(f"{row.estimate:+.3g} [{row.low:+.3g}, {row.high:+.3g}] decades")
    return (
        f"The relative shift on {network} is {parts[0]} over epochs 1 to {end}, while the plain network's is "
        f"below {FLAT:g} of its median over the second half of training, and {parts[1]} after them."
    )
