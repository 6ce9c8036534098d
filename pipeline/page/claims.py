"""The claims and their verdicts, as the report tells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.system.words import counted, listed

MARKS = {"supported": "✔", "refuted": "✘", "conditional": "◐", "inconclusive": "?"}
COLUMNS = ["claim", "the source text says", "verdict"]


def by_number(verdicts: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows of `verdicts.csv` by the number of the claim: "7b" after "7a", "10" after "9"."""
    rows: list[dict[str, str]] = verdicts.astype(object).fillna("").to_dict("records")
    return sorted(rows, key=lambda row: _place(row["claim"]))


def overview(verdicts: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Return a row a claim: its number, linked to the full verdict, its text, and the verdict in a word."""
    rows = [
        (
            f"[{row['claim']}](#claim-{row['claim']})",
            row["text"],
            f"{MARKS[row['verdict']]} **{row['verdict']}**",
        )
        for row in verdicts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def sentence(verdicts: Sequence[Mapping[str, str]]) -> str:
    """Say how many claims have which verdict."""
    counts = Counter(row["verdict"] for row in verdicts)
    said = [f"{counts[verdict]} {verdict}" for verdict in MARKS if counts[verdict]]
    judged = f"The study judges {counted(len(verdicts), 'claim')} of the source text"
    return f"{judged}: {listed(said)}." if said else f"{judged}."


def _place(number: str) -> tuple[int, str]:
    """Return what a number such as "10b" is sorted by."""
    digits = re.match(r"\d*", number)
    assert digits  # it matches nothing, too
    return int(digits[0] or 0), number
