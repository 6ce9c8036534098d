"""What dropout leaves behind: redundant units, predictions that can be averaged, longer training."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.dropout import duration, passes, silenced
from pipeline.questions.study import Study


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables `errors`, `correlation`, `scores` and `duration`."""
    return {**silenced.measure(study), **passes.measure(study), **duration.measure(study)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting, the rise and correlation by variant, and the scores by kind of prediction."""
    numbers = silenced.metrics(tables)
    for setting, scores in passes.metrics(tables).items():
        numbers.setdefault(setting, {}).update(scores)
    return numbers
