"""From the records of all variants to tidy tables: what each variant did, and how surely.

Errors are in percent, losses in nats, and `bias` is the squared bias where the loss is squared error.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import records
from pipeline.plan import Run
from pipeline.records import Record
from pipeline.science import bias_variance, comparison
from pipeline.science.softmax import log_softmax

# The scores of a run that are averaged and compared; `gap` is test minus train.
SCORES = (
    "test_error",
    "test_cross_entropy",
    "train_error",
    "train_cross_entropy",
    "error_gap",
    "cross_entropy_gap",
)
# What stands for a variant in one line, and its name there.
HEADLINE = {
    "test_error": "test_error",
    "test_cross_entropy": "test_cross_entropy",
    "cross_entropy_gap": "gap",
    "squared_error_bias": "bias",
    "squared_error_variance": "variance",
}
TRIED = ("setting", "variant", "candidate", "values", "validation_cross_entropy", "chosen")
DECOMPOSITIONS = {
    "squared_error": bias_variance.squared_error,
    "cross_entropy": bias_variance.cross_entropy,
}


@dataclass(frozen=True)
class Cell:
    """A variant in a setting: its records on a grid of D splits x I inits, and its test predictions.

    `log_probabilities` is (D, I, M, C).
    """

    setting: str
    variant: str
    grid: list[list[Record]]
    log_probabilities: np.ndarray

    def score(self, name: str) -> np.ndarray:
        """Return a score of every run, (D, I); errors in percent."""
        return np.array([[_score(record, name) for record in row] for row in self.grid])


def read(root: Path, variants: list[str]) -> Iterator[Cell]:
    """Read the cells of the declared variants, setting by setting; one is in memory at a time."""
    everything = {variant: records.read(root, variant) for variant in variants}
    settings = dict.fromkeys(r.run.setting for found in everything.values() for r in found)
    for setting in settings:
        for variant, found in everything.items():
            members = [record for record in found if record.run.setting == setting]
            if not members:
                continue
            inits = 1 + max(record.run.init for record in members)
            grid = [members[first : first + inits] for first in range(0, len(members), inits)]
            logits = records.read_logits(root, variant, setting)
            shape = (len(grid), inits, *logits.shape[1:])
            yield Cell(setting, variant, grid, log_softmax(logits).reshape(shape))


def runs(cell: Cell) -> pd.DataFrame:
    """Return a row a run: replicate, key and every score."""
    return pd.DataFrame(
        {
            "setting": cell.setting,
            "variant": cell.variant,
            "split": record.run.split,
            "init": record.run.init,
            "run_key": record.run.key,
            "epochs": int(record.final["epochs"]),
            **{name: _score(record, name) for name in SCORES},
        }
        for row in cell.grid
        for record in row
    )


def summary(cell: Cell, labels: np.ndarray) -> pd.DataFrame:
    """Return a row a metric: mean over the replicates with its 95 % interval, and bias and variance."""
    rows: dict[str, comparison.Interval] = {
        name: comparison.mean_interval(comparison.replicates(cell.score(name))) for name in SCORES
    }
    for loss in DECOMPOSITIONS:
        rows |= _decomposed(cell, labels, loss)
    return _frame(cell, rows)


def differences(cell: Cell, reference: Cell) -> pd.DataFrame:
    """Return a row a score: the mean of variant minus reference over paired replicates, and its p value."""
    compared = {
        name: comparison.paired_difference(
            comparison.replicates(cell.score(name)), comparison.replicates(reference.score(name))
        )
        for name in SCORES
    }
    frame = _frame(cell, compared).assign(reference=reference.variant)
    frame["p_value"] = [row.p_value for row in compared.values()]
    return frame


def adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """Add Holm's adjusted p values, over the variants of a setting, score by score and reference."""
    groups = frame.groupby(["setting", "reference", "metric"], sort=False)["p_value"]
    return frame.assign(p_holm=groups.transform(lambda p_values: comparison.holm(p_values)))


def curves(cell: Cell) -> pd.DataFrame:
    """Return a row an epoch and score: mean over the replicates and 95 % interval.

    Only the epochs that every run reached: a mean over the survivors of early stopping would show
    another population at every epoch.
    """
    epochs = min(len(record.history["loss"]) for row in cell.grid for record in row)
    frames = []
    for name in cell.grid[0][0].history:
        scale = 100.0 if name.endswith("_error") else 1.0
        values = np.array([[r.history[name][:epochs] for r in row] for row in cell.grid]) * scale
        rows = [comparison.mean_interval(comparison.replicates(v)) for v in np.moveaxis(values, 2, 0)]
        frame = _frame(cell, dict(enumerate(rows, start=1))).rename(columns={"metric": "epoch"})
        frames.append(frame.assign(metric=name))
    return pd.concat(frames, ignore_index=True)


def tuning(root: Path, variant: str) -> pd.DataFrame:
    """Return a row a candidate that was tried: its values, its mean validation loss, and whether chosen."""
    chosen = records.read_choices(root, variant)
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records.read_trials(root, variant):
        run, choice = record.run, chosen[record.run.setting]
        rows[run.setting, int(run.trial or 0)] = {
            "setting": run.setting,
            "variant": variant,
            "candidate": run.trial,
            "values": _values(run),
            "validation_cross_entropy": choice.losses[int(run.trial or 0)],
            "chosen": run.trial == choice.candidate,
        }
    return pd.DataFrame(rows.values(), columns=list(TRIED))


def _values(run: Run) -> str:
    """Say what tells a candidate from the others: its strengths, or the baseline's epochs and rate."""
    if not run.regularizers:
        return f"epochs={run.epochs} learning_rate={run.optimizer.learning_rate:g}"
    fields = [f"{name}.{key}={v:g}" for name, part in run.regularizers.items() for key, v in part.items()]
    return " ".join(fields)


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell with the headline estimates, from the summary."""
    wide = table.pivot_table(index=["setting", "variant"], columns="metric", values="estimate", sort=False)
    chosen = wide[list(HEADLINE)].rename(columns=HEADLINE).reset_index()
    chosen.insert(0, "cell", chosen.setting + "/" + chosen.variant)
    return chosen


def metrics(overview: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return the headline estimates by setting and variant, for DVC."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in overview.to_dict("records"):
        estimates = {name: round(row[name], 5) for name in HEADLINE.values()}
        found.setdefault(row["setting"], {})[row["variant"]] = estimates
    return found


def _score(record: Record, name: str) -> float:
    final: Mapping[str, float] = record.final
    if name.endswith("_gap"):
        loss = name.removesuffix("_gap")
        value = final[f"test_{loss}"] - final[f"train_{loss}"]
    else:
        value = final[name]
    return 100.0 * value if "error" in name else value


def _decomposed(cell: Cell, labels: np.ndarray, loss: str) -> dict[str, comparison.Interval]:
    """Return risk, bias and variance, with jackknife intervals over the replicates."""
    models = cell.log_probabilities
    if len(models) == 1:  # one training set: the inits are the replicates
        models = models.swapaxes(0, 1)

    @functools.cache  # the three parts are of the same decompositions
    def without(*kept: int) -> bias_variance.Decomposition:
        return DECOMPOSITIONS[loss](models[list(kept)], labels).mean()

    def statistic(part: str, kept: np.ndarray) -> float:
        return float(getattr(without(*kept.tolist()), part))

    return {
        f"{loss}_{part}": comparison.jackknife_interval(functools.partial(statistic, part), len(models))
        for part in ("risk", "bias", "variance")
    }


def _frame(cell: Cell, rows: Mapping[Any, comparison.Interval]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "setting": cell.setting,
            "variant": cell.variant,
            "metric": name,
            "estimate": row.estimate,
            "low": row.low,
            "high": row.high,
            "n": row.n,
        }
        for name, row in rows.items()
    )
