"""What the study says of penalties, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.system.words import of

ENDPOINTS = (("points", "test error"), ("nats", "test cross-entropy"))


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer; nothing where no setting could be judged."""
    said = [
        f"the {name} in {of(_count(rows, 'holds'), len(rows))} comparisons and raised it in "
        f"{_count(rows, 'reversed') or 'none'}"
        for unit, name in ENDPOINTS
        if len(rows := evidence[evidence.unit == unit])
    ]
    rival = "Against a baseline tuned with as many trials, penalties on the weights lowered"
    return {"answer": f"{rival} {'; '.join(said)}." if said else ""}


def _count(rows: pd.DataFrame, outcome: str) -> int:
    return int((rows.outcome == outcome).sum())
