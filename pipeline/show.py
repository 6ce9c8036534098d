"""The variants of a study on a terminal, setting by setting, within 80 columns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.evaluation.significance import against_better, rows_of, verdict
from pipeline.science.metrics import METRICS
from pipeline.system.errors import UserError, unknown
from pipeline.system.files import read_table

TABLES = Path("reports/tables")
WIDTH = 80  # columns, in a file too
ERROR = METRICS["test_error"]
BESIDE = [METRICS["cross_entropy_gap"], METRICS["squared_error_bias"], METRICS["squared_error_variance"]]
WORDS = {
    "better": Text("better", style="green"),
    "worse": Text("worse", style="red"),
    "indistinguishable": Text(),
}
LEGEND = (
    "± is half the 95 % interval. Changes are of the test error, in points; a word\n"
    "says that one is beyond chance."
)


def show(root: Path, setting: str | None = None) -> None:
    """Print the variants of a setting, or of every one, lowest test error first.

    Raises UserError where there are no results, and for a setting that they do not have.
    """
    if not (root / TABLES / "summary.csv").exists():
        raise UserError(f"{TABLES}: expected the tables of a finished study, found none; run dvc repro")
    summary, differences = (read_table(root / TABLES / f"{name}.csv") for name in ("summary", "differences"))
    settings = summary.setting.unique()
    if setting is not None and setting not in settings:
        raise UserError(f"setting: {unknown(setting, settings)}")
    console = Console(width=WIDTH, highlight=False)
    for name in [setting] if setting else settings:
        console.print(_table(name, summary, differences), "")
    console.print(LEGEND)


def _table(setting: str, summary: pd.DataFrame, differences: pd.DataFrame) -> Table:
    changes = against_better(differences, setting).set_index("variant")
    errors = rows_of(summary, setting, ERROR.name).set_index("variant").sort_values("estimate", kind="stable")
    beside = [rows_of(summary, setting, metric.name).set_index("variant").estimate for metric in BESIDE]
    against = "".join(f", changes against {name}" for name in changes.reference.unique())
    table = Table(box=None, pad_edge=False, title=f"{setting}: {errors.n.max()} replicates{against}")
    table.title_justify, table.title_style = "left", "bold"
    table.add_column("variant", overflow="fold")
    for title in (ERROR.heading, *(metric.label for metric in BESIDE), "change", ""):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for variant, error in errors.iterrows():
        numbers = (f"{e[variant]:.{metric.digits}f}" for metric, e in zip(BESIDE, beside, strict=True))
        change, word = "", Text()
        if variant in changes.index:
            row = changes.loc[variant]
            change, word = _written(row, "+"), WORDS[verdict(row.estimate, row.p_holm)]
        table.add_row(str(variant), _written(error), *numbers, change, word)
    return table


def _written(row: Any, sign: str = "") -> str:
    """Return an error or a difference of errors with half its interval, where it has one."""
    half = (row.high - row.low) / 2
    arm = "" if math.isnan(half) else f" ± {half:.{ERROR.digits}f}"
    return f"{row.estimate:{sign}z.{ERROR.digits}f}{arm}"
