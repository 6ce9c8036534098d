"""What the study says of the textbook program, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.questions.textbook.measure import SETTING
from pipeline.science.verdicts import Outcome
from pipeline.system.words import interval

SAID: dict[str, str] = {
    Outcome.HOLDS: "In the textbook program Dropout(0.2) lowers the test error",
    Outcome.REVERSED: "In the textbook program Dropout(0.2) raises the test error",
    Outcome.ABSENT: "In the textbook program Dropout(0.2) makes no difference of note to the test error",
}
UNSETTLED = "It is not settled whether Dropout(0.2) lowers the test error of the textbook program"


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return what the program is, the answer, the rows to compare, and whether there is a figure.

    All are empty where the study has no such setting.
    """
    setting = study.params.settings.get(SETTING)
    return {
        "program": setting.described if setting else "",
        "answer": _answer(evidence) if len(evidence) else "",
        "rows": [_row(row) for row in tables["compared"].itertuples()],
        "drawn": not tables["pairs"].empty,
    }


def _answer(evidence: pd.DataFrame) -> str:
    mean, median = evidence.itertuples()
    said = SAID.get(mean.outcome, UNSETTLED) if mean.outcome == median.outcome else UNSETTLED
    return (
        f"{said}. Over {mean.n} replicates it lowers the error by {interval(mean, 2)} points in the mean and "
        f"by {interval(median, 2)} in the median. Differences within {mean.margin:g} points count as "
        "none, by one-sided tests, whose interval is narrower."
    )


def _row(row: Any) -> dict[str, str]:
    """Return the cells of a line of the comparison: points with two decimals, nats with four."""
    digits = 2 if row.unit == "points" else 4
    unit = "%" if row.unit == "points" else row.unit
    return {
        "label": f"{row.label}, {unit}",
        "without": f"{row.baseline:.{digits}f}",
        "with": f"{row.dropout:.{digits}f}",
        "difference": f"{row.difference:+z.{digits}f} [{row.low:+z.{digits}f}, {row.high:+z.{digits}f}]",
    }
