"""What dropout leaves behind: units, pixels and images it can do without; averages; longer training."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.questions.base import Tables
from pipeline.questions.dropout import damaged, duration, passes, pixels, silenced, single
from pipeline.questions.study import Study


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables `errors`, `correlation`, `units`, `pixels`, `damaged`, `scores` and `duration`."""
    parts = (passes, pixels, single, damaged, silenced, duration)  # those first that take longest
    # Small products of matrices, during which Python waits: a thread each, or they would wait for each other.
    with threadpool_limits(1), ThreadPoolExecutor() as pool:
        measured = pool.map(lambda part: part.measure(study), parts)
        return {name: table for tables in measured for name, table in tables.items()}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting, the rise and correlation by variant, and the scores by kind of prediction."""
    numbers = silenced.metrics(tables)
    for setting, scores in passes.metrics(tables).items():
        numbers.setdefault(setting, {}).update(scores)
    return numbers
