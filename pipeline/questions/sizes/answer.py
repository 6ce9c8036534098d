"""What the study says of dropout's gain by the number of images, computed from the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.system.words import interval, listed


def values(study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
    """Return the answer, and a row a size for the table."""
    gains = tables["gains"]
    largest = gains.loc[gains.estimate.idxmax()]
    helped = [f"{row.train_size:,}" for row in gains.itertuples() if row.low > 0]
    harmed = [f"{row.train_size:,}" for row in gains.itertuples() if row.high < 0]
    return {
        "largest": f"The gain is largest with {largest.train_size:,} images, {interval(largest, 2)} points",
        "helped": f"Dropout lowers the test error with {listed(helped)} images." if helped else "",
        "harmed": f"Dropout raises the test error with {listed(harmed)} images." if harmed else "",
        "rows": [_row(row, study) for row in gains.itertuples()],
    }


def _row(row: Any, study: Study) -> dict[str, str]:
    setting = study.params.settings[row.setting]
    sets = f"{setting.splits} training sets" if setting.splits > 1 else f"1 set x {setting.inits}"
    return {
        "size": f"{row.train_size:,}",
        "replicates": sets,
        "baseline": f"{row.baseline:.2f}",
        "dropout": f"{row.dropout:.2f}",
        "gain": interval(row, 2, "+"),
    }
