"""What the study says of batch normalization, computed from the evidence and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.evaluation.significance import against
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.batch_norm.claims import VARIANT
from pipeline.questions.study import Study
from pipeline.system.words import interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the sentences, and the section for the caption of the figure."""
    sentences = (_rates(evidence), _errors(tables["study/differences"]))
    return {"sentences": [said for said in sentences if said], "section": study.section}


def _rates(evidence: pd.DataFrame) -> str:
    ratios = [
        f"{10**row.estimate:.2g} [{10**row.low:.2g}, {10**row.high:.2g}] times the plain one's in the "
        f"{row.condition} network"
        for row in evidence[evidence.claim == "7b"].itertuples()
    ]
    return f"The largest learning rate that still works is {listed(ratios)}." if ratios else ""


def _errors(differences: pd.DataFrame) -> str:
    changes = [
        f"{interval(row, 2, '+')} points in `{setting}`"
        for setting in differences.setting.unique()
        for row in against(differences, setting, "test_error", BASELINE).itertuples()
        if row.variant == VARIANT
    ]
    if not changes:
        return ""
    return (
        "At the settings' own rate it changes the test error, against the network without it, by "
        f"{listed(changes)}."
    )
