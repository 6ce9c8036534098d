"""Tidy tables of cells: a row a run, a metric, a difference, an epoch or a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import records
from pipeline.datasets.seeds import generator
from pipeline.evaluation.cells import Cell, score
from pipeline.plan import Run
from pipeline.science import bias_variance, comparison, metrics, resampling, zero_one

RESAMPLED = 500  # bootstrap draws: a draw is of all test images
TRIED = ("setting", "variant", "candidate", "values", "validation_cross_entropy", "chosen")


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
            **{name: score(record, name) for name in metrics.scores()},
            **{n: score(record, n) if n in record.final else np.nan for n in metrics.held_out()},
        }
        for row in cell.grid
        for record in row
    )


def summary(cell: Cell, decomposed: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return a row a metric: mean over the replicates with its interval, and bias and variance.

    `decomposed` is what `cell.decomposed` returns.
    """
    rows: dict[str, comparison.Interval] = {
        name: comparison.mean_interval(comparison.replicates(cell.score(name))) for name in metrics.scores()
    }
    rows |= {name: comparison.jackknife(values) for name, values in decomposed.items()}
    return _frame(cell, rows)


@dataclass(frozen=True)
class Measured:
    """A cell to compare with: scores (D, I), decompositions (1 + n,), and `wrong` (n, M), image by image."""

    setting: str
    variant: str
    scores: Mapping[str, np.ndarray]
    decomposed: Mapping[str, np.ndarray]
    wrong: np.ndarray

    @classmethod
    def of(cls, cell: Cell, decomposed: Mapping[str, np.ndarray], labels: np.ndarray) -> Measured:
        """Keep what comparisons need of a cell."""
        scores = {name: cell.score(name) for name in metrics.scores()}
        return cls(cell.setting, cell.variant, scores, decomposed, cell.wrong(labels))


def differences(compared: Measured, reference: Measured) -> pd.DataFrame:
    """Return a row a metric: compared minus reference over paired replicates, with interval and p values.

    Scores are tested by the paired t test, and by sign flips (`p_sign_flip`); bias, variance and risk by the
    jackknife, which leaves a replicate out of both. The test error also has an interval for other test images
    than these, `resampled_low` and `resampled_high`: two-way bootstrap over replicates x images.
    """
    rng = generator("differences", compared.setting, compared.variant, reference.variant)
    rows: dict[str, dict[str, float]] = {}
    for name in metrics.scores():
        a, b = (comparison.replicates(cell.scores[name]) for cell in (compared, reference))
        rows[name] = vars(comparison.paired_difference(a, b)) | {
            "p_sign_flip": comparison.sign_flip_p(a - b, rng)
        }
    resampled = resampling.two_way_bootstrap(compared.wrong - reference.wrong, rng, draws=RESAMPLED)
    rows["test_error"] |= {"resampled_low": resampled.low, "resampled_high": resampled.high}
    for name, values in compared.decomposed.items():
        rows[name] = vars(comparison.jackknife(values - reference.decomposed[name]))
    names = {"setting": compared.setting, "variant": compared.variant, "reference": reference.variant}
    return pd.DataFrame({**names, "metric": metric, **row} for metric, row in rows.items())


def adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """Add Holm's adjusted p values, over the variants of a setting, score by score and reference."""
    groups = frame.groupby(["setting", "reference", "metric"], sort=False)["p_value"]
    return frame.assign(p_holm=groups.transform(lambda p_values: comparison.holm(p_values)))


def curves(cell: Cell) -> pd.DataFrame:
    """Return a row an epoch and score: mean over the replicates whose curves are kept, and its interval.

    Only the epochs that every run reached are there: a mean over the survivors of early stopping would show
    another population at every epoch.
    """
    grid = [[record for record in row if record.run.curves] for row in cell.grid]
    epochs = min(len(record.history["loss"]) for row in grid for record in row)
    frames = []
    for name in grid[0][0].history:
        recorded = np.array([[record.history[name][:epochs] for record in row] for row in grid])
        values = np.moveaxis(metrics.scaled(name, recorded), 2, 0)
        rows = [comparison.mean_interval(comparison.replicates(of_epoch)) for of_epoch in values]
        frame = _frame(cell, dict(enumerate(rows, start=1))).rename(columns={"metric": "epoch"})
        frames.append(frame.assign(metric=name))
    return pd.concat(frames, ignore_index=True)


def tuning(root: Path, stage: str) -> pd.DataFrame:
    """Return a row a candidate of the settings: its values, its mean validation loss, and whether chosen."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for name, cell in records.cells(root, stage).items():
        for run in (record.run for record in cell.trials if not record.run.question):
            rows[name, int(run.trial or 0)] = {
                "setting": run.setting,
                "variant": run.variant,
                "candidate": run.trial,
                "values": _values(run),
                "validation_cross_entropy": cell.choice.losses[int(run.trial or 0)],
                "chosen": run.trial == cell.choice.candidate,
            }
    return pd.DataFrame(rows.values(), columns=list(TRIED))


def _values(run: Run) -> str:
    """Say what tells a candidate from the others: its strengths, or the baseline's epochs and rate."""
    if not run.regularizers:
        return f"epochs={run.epochs} learning_rate={run.optimizer.learning_rate:g}"
    fields = [f"{name}.{key}={v:g}" for name, part in run.regularizers.items() for key, v in part.items()]
    return " ".join(fields)


def decomposition(cell: Cell, labels: np.ndarray) -> pd.DataFrame:
    """Return one row: what the variance is made of, and bias and variance of the error itself in percent.

    The variance of squared error by source is empty where there are not several training sets crossed with
    several initialisations. The 0-1 loss has the terms of Kohavi & Wolpert, and those of Domingos.
    """
    predicted = cell.log_probabilities.argmax(axis=-1)
    crossed = min(predicted.shape[:2]) > 1
    nothing = bias_variance.Components(np.nan, np.nan, np.nan)
    parts = bias_variance.components(cell.log_probabilities) if crossed else nothing
    wolpert = zero_one.zero_one_kohavi_wolpert(predicted, labels).mean()
    domingos = zero_one.zero_one_domingos(predicted, labels)
    row = {
        "setting": cell.setting,
        "variant": cell.variant,
        **{f"variance_{source}": value for source, value in vars(parts).items()},
        "kohavi_wolpert_bias": 100.0 * wolpert.bias,
        "kohavi_wolpert_variance": 100.0 * wolpert.variance,
        "domingos_bias": 100.0 * domingos.bias,
        "domingos_variance_unbiased": 100.0 * domingos.variance_unbiased,
        "domingos_variance_biased": 100.0 * domingos.variance_biased,
    }
    return pd.DataFrame([row])


def pseudo_values(cell: Cell, decomposed: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return a row a training set: the jackknife's pseudo-values of risk, bias and variance by loss.

    `decomposed` is what `cell.decomposed` returns. A single training set has none.
    """
    splits = [row[0].run.split for row in cell.grid] if len(cell.grid) > 1 else []
    values = {
        name: comparison.pseudo_values(each) if splits else np.empty(0) for name, each in decomposed.items()
    }
    return pd.DataFrame({"setting": cell.setting, "variant": cell.variant, "split": splits, **values})


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell with the headline estimates and their limits, from the summary."""
    wide = table.pivot(index=["setting", "variant"], columns="metric", values=["estimate", "low", "high"])
    columns = {
        f"{headline}{suffix}": wide[of, name]
        for name, headline in metrics.headline().items()
        for of, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high"))
    }
    cells = table[["setting", "variant"]].drop_duplicates()
    return cells.join(pd.DataFrame(columns), on=["setting", "variant"]).reset_index(drop=True)


def headline(overview: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return the headline estimates by setting and variant, for DVC."""
    estimates: dict[str, dict[str, dict[str, float]]] = {}
    for row in overview.to_dict("records"):
        rounded = {name: round(row[name], 5) for name in metrics.headline().values()}
        estimates.setdefault(row["setting"], {})[row["variant"]] = rounded
    return estimates


def errors_by_variant(overview: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the test errors in percent by variant and setting, rounded as they are shown."""
    errors: dict[str, dict[str, float]] = {}
    for row in overview.itertuples():
        rounded = round(float(row.test_error), metrics.METRICS["test_error"].digits)
        errors.setdefault(str(row.variant), {})[str(row.setting)] = rounded
    return errors


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
