"""What the study says of the textbook program, computed from the evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.questions.textbook.measure import SETTING
from pipeline.system.words import interval


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return what the program is, the answer, and whether there is a figure.

    The texts are empty where the study has no such setting.
    """
    setting = study.params.settings.get(SETTING)
    answer = ""
    if len(evidence):
        (row,) = evidence.itertuples()
        answer = (
            f"Over {row.n} replicates dropout lowered the test error by {interval(row, 2)} points; "
            f"differences within {row.margin:g} points count as none."
        )
    return {
        "program": setting.described if setting else "",
        "answer": answer,
        "drawn": not tables["pairs"].empty,
    }
