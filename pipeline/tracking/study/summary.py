"""The numbers of a cell: means over its runs with their intervals, in the units and digits of the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pipeline.records import Record
from pipeline.science import comparison
from pipeline.science.metrics import METRICS, Metric
from pipeline.tracking.study.outputs import Cell

LOW, HIGH = "low/", "high/"
UNITS = {"%": "_percent", "nats": "_nats"}
DECOMPOSED = ("squared_error_bias", "squared_error_variance")
DIGITS = 4  # of a score that no table of ours describes


def name_of(metric: Metric) -> str:
    """Return the name of a mean in MLflow: that of the report's headline, and its unit."""
    headline = metric.headline if metric.headline in ("gap", "bias", "variance") else metric.name
    return f"{headline}{UNITS.get(metric.unit, '')}"


def metrics(cell: Cell) -> dict[str, float]:
    """Return the means of a cell's runs and the ends of their 95 % intervals, rounded as in the report.

    Bias and variance are those of the report's tables, where these are of the same runs.
    """
    values: dict[str, float] = {}
    records = cell.reported
    for metric in METRICS.values():
        if (metric.part or metric.between) and all(_has(metric, record) for record in records) and records:
            scores = [metric.shown(record.final) for record in records]
            values |= _rounded(name_of(metric), metric.digits, *_interval(records, scores))
    for name in records[0].final if records else ():
        if name not in METRICS and all(name in record.final for record in records):
            scores = [record.final[name] for record in records]
            values |= _rounded(name, DIGITS, *_interval(records, scores))
    return values | _decomposed(cell)


def _decomposed(cell: Cell) -> dict[str, float]:
    rows, records = cell.tabled, cell.reported
    if "test_error" not in rows or not records or not all("test_error" in r.final for r in records):
        return {}
    expected = METRICS["test_error"].scale * mean(records, "test_error")
    if not math.isclose(rows["test_error"][0], expected, rel_tol=1e-6, abs_tol=1e-9):
        return {}  # tables of other runs, which are not measured again yet
    values: dict[str, float] = {}
    for name in DECOMPOSED:
        if name in rows:
            values |= _rounded(name_of(METRICS[name]), METRICS[name].digits, *rows[name])
    return values


def interval(values: Mapping[str, float], name: str) -> str:
    """Return a mean with its interval as text, such as `10.38 [10.12, 10.64]`."""
    low, high = values.get(f"{LOW}{name}"), values.get(f"{HIGH}{name}")
    limits = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{values[name]:.2f}{limits}"


def mean(records: Sequence[Record], name: str) -> float:
    """Return the mean of a score over the runs of a cell, as it was recorded."""
    return _interval(records, [record.final[name] for record in records])[0]


def mean_curves(records: Sequence[Record]) -> dict[str, np.ndarray]:
    """Return the mean of every curve that all runs have, (E,), over the epochs that all of them trained."""
    names = (
        [name for name in records[0].history if all(name in r.history for r in records)] if records else []
    )
    curves = {}
    for name in names:
        epochs = min(len(record.history[name]) for record in records)
        with np.errstate(over="ignore", invalid="ignore"):  # of runs that diverged
            curves[name] = np.mean([record.history[name][:epochs] for record in records], axis=0)
    return curves


def _has(metric: Metric, record: Record) -> bool:
    return all(name in record.final for name in metric.between or (metric.name,))


def _interval(records: Sequence[Record], scores: Iterable[float]) -> tuple[float, float, float]:
    """Return the mean and its limits over training sets, or over the inits of one; NaN for no limits."""
    splits: dict[int, list[float]] = {}
    for record, score in zip(records, scores, strict=True):
        splits.setdefault(record.run.split, []).append(score)
    values = list(splits.values())
    means = values[0] if len(values) == 1 else [float(np.mean(of_split)) for of_split in values]
    if len(means) > 1 and np.isfinite(means).all():
        found = comparison.mean_interval(means)
        return float(np.mean(means)), found.low, found.high
    return float(np.mean(means)), math.nan, math.nan


def _rounded(name: str, digits: int, estimate: float, low: float, high: float) -> dict[str, float]:
    limits = (
        {} if math.isnan(low) else {f"{LOW}{name}": round(low, digits), f"{HIGH}{name}": round(high, digits)}
    )
    return {name: round(estimate, digits), **limits}
