"""The claims and their verdicts, as the report tells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.questions.power import ENOUGH
from pipeline.system.words import listed

MARKS = {"supported": "✔", "refuted": "✘", "conditional": "◐", "inconclusive": "?"}
OUTCOMES = {
    "holds": "✔ holds",
    "reversed": "✘ the opposite",
    "absent": "≈ absent or below the margin",
    "unknown": "? cannot be told",
}
COLUMNS = ["claim", "the source text says", "verdict", "holds", "opposite", "too small", "open"]
RANGES = ("sign", "half")  # tests whose limits are the range of the pairs, or of the conditions
SMALLEST = 0.0001  # a p below this is no more exact than that


def by_number(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `verdicts.csv` by the number of the claim: "7b" after "7a", "10" after "9"."""
    rows: list[dict[str, Any]] = verdicts.astype(object).fillna("").to_dict("records")
    return sorted(rows, key=lambda row: _place(row["claim"]))


def overview(verdicts: Sequence[Mapping[str, Any]], evidence: pd.DataFrame) -> pd.DataFrame:
    """Return a row a claim: its number, a link; its text; the verdict; and comparisons by outcome."""
    counts = Counter(zip(evidence.claim, evidence.outcome, strict=True))
    rows = [
        (
            _link(row["claim"]),
            f"{'*Ours:* ' if row['ours'] else ''}{row['text']}",
            f"{MARKS[row['verdict']]} **{row['verdict']}**{', close' if row['close'] else ''}"
            if row["verdict"] in MARKS
            else row["verdict"],
            *(str(counts[row["claim"], outcome] or "") for outcome in OUTCOMES),
        )
        for row in verdicts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def unsettled(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """Say for which claims the data do not tell, as links."""
    open_ = [_link(row["claim"]) for row in verdicts if row["verdict"] == "inconclusive"]
    return f"Not settled: {listed(open_)}." if open_ else "Every claim is settled."


def numbers(evidence: pd.DataFrame, claim: str) -> pd.DataFrame:
    """Return a row a comparison of a claim: adjusted interval, the p that decides, and the power if known."""
    table = []
    for row in evidence[evidence.claim == claim].itertuples():
        cells = {
            "condition": row.condition,
            "endpoint": f"{row.endpoint} ({row.unit})",
            "effect": _effect(row),
            "margin": f"{row.margin:.3g}",
            "p": f"< {SMALLEST:.4f}" if _decides(row) < SMALLEST else _known(_decides(row), ".2g"),
            "n": str(row.n),
        }
        if "power" in evidence:
            cells["power"] = f"{_known(row.power, '.2f')}{' (low)' * bool(row.power < ENOUGH)}"
        table.append(cells | {"outcome": OUTCOMES[row.outcome]})
    return pd.DataFrame(table)


def _link(claim: str) -> str:
    return f"[{claim}](#claim-{claim})"


def _effect(row: Any) -> str:
    """Return the estimate with its interval; with the range, where the limits are no interval.

    Nothing where no two methods change places: there is no such difference.
    """
    if row.test == "reversal" and row.outcome == "absent":
        return ""
    if not np.isfinite([row.estimate, row.low, row.high]).all():
        return "not measured"
    if row.test in RANGES:
        return f"{row.estimate:+.3g} (from {row.low:+.3g} to {row.high:+.3g})"
    return f"{row.estimate:+.3g} [{row.low:+.3g}, {row.high:+.3g}]"


def _decides(row: Any) -> float:
    """Return the p value behind the outcome: of equality, or of a difference."""
    equal = row.outcome == "absent" or (row.equality and row.outcome == "holds")
    return float(row.p_equivalence if equal else row.p_value)


def _known(value: float, digits: str) -> str:
    return "" if np.isnan(value) else f"{value:{digits}}"


def _place(number: str) -> tuple[int, str]:
    """Return what a number such as "10b" is sorted by."""
    digits = re.match(r"\d*", number)
    assert digits  # it matches nothing, too
    return int(digits[0] or 0), number
