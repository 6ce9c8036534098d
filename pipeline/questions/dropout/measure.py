"""What dropout leaves behind: units, pixels and images it can do without; averages; longer training."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.questions.base import Tables
from pipeline.questions.dropout import damaged, duration, passes, pixels, silenced, single
from pipeline.questions.study import Study


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables `errors`, `correlation`, `units`, `pixels`, `damaged`, `scores` and `duration`."""
    parts = (silenced, single, pixels, damaged, passes, duration)
    return {name: table for part in parts for name, table in part.measure(study).items()}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting, the rise and correlation by variant, and the scores by kind of prediction."""
    numbers = silenced.metrics(tables)
    for setting, scores in passes.metrics(tables).items():
        numbers.setdefault(setting, {}).update(scores)
    return numbers
