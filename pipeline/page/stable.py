"""What other seeds say: the table of the stability command, and its summary in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.page import claims
from pipeline.page.answers import Answer
from pipeline.system.files import read_table
from pipeline.system.words import counted, listed, of

FILE = "stability.csv"
MEASURES = "`python -m pipeline stability`"
COLUMNS = ["claim", "here", "with other seeds", "agree", "turned by"]
OPPOSITE = {"supported": "refuted", "refuted": "supported"}


def values(reports: Path, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the table and its sentence for the page; None and a line of advice where there is no such table.

    Claims that the page does not judge are left out. A table that has another verdict than the page is of
    another study, or another machine: without the rows that differ, it would flatter.
    """
    path = reports / FILE
    rows = read_table(path).astype(object).fillna("") if path.exists() else pd.DataFrame()
    known = {str(row["claim"]): row["verdict"] for answer in answers for row in answer.verdicts}
    if len(rows):
        rows = rows[[str(claim) in known for claim in rows.claim]]
    if rows.empty:
        return {"stability": None, "stable": f"Not measured: {MEASURES}."}
    others = sum(known[str(row.claim)] != row.verdict for row in rows.itertuples())
    if others:
        said = f"`{FILE}` was measured for other verdicts: {of(others, len(rows))} are others here"
        return {"stability": None, "stable": f"{said}; {MEASURES} measures it again."}
    return {"stability": _table(pd.DataFrame(claims.by_number(rows))), "stable": sentence(rows)}


def sentence(rows: pd.DataFrame) -> str:
    """Say how many verdicts are the same under all other seeds, and whether one turns into its opposite."""
    others = counted(int(rows.studies.max()) - 1, "other set")
    same = int((rows.same == rows.studies).sum())
    turned = [str(row.claim) for row in rows.itertuples() if OPPOSITE.get(row.verdict) in row.others.split()]
    flips = "No verdict turns from supported to refuted or back."
    if turned:
        flips = f"It turns into the opposite for {listed(turned)}."
    claims = counted(len(rows), "claim")
    return f"The verdict is the same for {same} of {claims} under {others} of seeds. {flips}"


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                row.claim,
                row.verdict,
                ", ".join(row.others.split()),
                f"{row.same} of {row.studies}",
                row.turned,
            )
            for row in rows.itertuples()
        ],
        columns=COLUMNS,
    )
