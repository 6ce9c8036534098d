"""The claims and their verdicts, as the report tells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.system.words import counted, listed

MARKS = {"supported": "✔", "refuted": "✘", "conditional": "◐", "inconclusive": "?"}
DEFINITION = "definition"
COLUMNS = ["claim", "the source text says", "verdict"]


def by_number(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `verdicts.csv` by the number of the claim: "7b" after "7a", "10" after "9"."""
    rows: list[dict[str, Any]] = verdicts.astype(object).fillna("").to_dict("records")
    return sorted(rows, key=lambda row: _place(row["claim"]))


def overview(verdicts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row a claim: its number, linked to the full verdict, its text, and the verdict in a word."""
    rows = [
        (
            f"[{row['claim']}](#claim-{row['claim']})",
            f"{'*Ours:* ' if row['ours'] else ''}{row['text']}",
            f"{MARKS[row['verdict']]} **{row['verdict']}**{', close' if row['close'] else ''}"
            if row["verdict"] in MARKS
            else row["verdict"],
        )
        for row in verdicts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def sentence(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Say how many claims of the source text have which verdict; those of our own are not among them."""
    counts = Counter(row["verdict"] for row in verdicts if not row["ours"])
    said = [f"{counts[verdict]} {verdict}" for verdict in MARKS if counts[verdict]]
    judged = (
        f"The study judges {counted(sum(counts[verdict] for verdict in MARKS), 'claim')} of the source text"
    )
    count = counts[DEFINITION]
    defined = f" {counted(count, 'sentence')} more only {'says' if count == 1 else 'say'} what a word means."
    return f"{judged}{f': {listed(said)}' * bool(said)}.{defined * bool(count)}"


def _place(number: str) -> tuple[int, str]:
    """Return what a number such as "10b" is sorted by."""
    digits = re.match(r"\d*", number)
    assert digits  # it matches nothing, too
    return int(digits[0] or 0), number
