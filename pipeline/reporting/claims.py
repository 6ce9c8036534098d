"""The claims and their verdicts, as the report tells them."""

from __future__ import annotations

import pandas as pd

MARKS = {"supported": "✔", "refuted": "✘", "conditional": "◐", "inconclusive": "?"}


def overview(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the claims: number, text and verdict."""
    return pd.DataFrame(
        {
            "claim": verdicts.claim.astype(str),
            "the source text says": verdicts.text,
            "verdict": [f"{MARKS[verdict]} **{verdict}**" for verdict in verdicts.verdict],
        }
    )


def sentence(verdicts: pd.DataFrame) -> str:
    """Say how many claims have which verdict."""
    counts = {verdict: int((verdicts.verdict == verdict).sum()) for verdict in MARKS}
    said = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"The verdicts on the {len(verdicts)} claims of the source text: {', '.join(said)}."


def parts(verdicts: pd.DataFrame) -> dict[str, str]:
    """Return, by the number of a whole claim, its parts with their verdicts, linked to their evidence."""
    found: dict[str, list[str]] = {}
    for row in verdicts.itertuples():
        link = f"[{row.claim}](#claim-{row.claim}) {row.verdict}"
        found.setdefault(str(row.claim).rstrip("abcdefgh"), []).append(link)
    return {number: ", ".join(links) for number, links in found.items()}
