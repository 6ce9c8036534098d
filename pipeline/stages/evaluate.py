"""Stage evaluate: the records of every declared variant, as tables and metrics."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from pipeline import evaluation, params
from pipeline.checkout import ROOT
from pipeline.errors import reports_errors
from pipeline.files import emptied

TABLES = ROOT / "reports" / "tables"


@reports_errors
def main() -> None:
    """Write `reports/metrics.json` and the tables, of the declared variants only."""
    declared = params.load(ROOT / "params.yaml")
    labels = np.load(ROOT / "data/images/test_labels.npy", allow_pickle=False)
    variants = [params.BASELINE, params.TUNED_BASELINE, *declared.variants]
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in ("runs", "summary", "differences", "curves")}
    references: dict[str, list[evaluation.Cell]] = {}
    for cell in evaluation.read(ROOT, variants):
        found["runs"].append(evaluation.runs(cell))
        found["summary"].append(evaluation.summary(cell, labels))
        found["curves"].append(evaluation.curves(cell))
        known = references.setdefault(cell.setting, [])
        found["differences"] += [evaluation.differences(cell, reference) for reference in known]
        if cell.variant in (params.BASELINE, params.TUNED_BASELINE):
            known.append(cell)
    found["tuning"] = [evaluation.tuning(ROOT, variant) for variant in variants]
    tables = {name: pd.concat(frames, ignore_index=True) for name, frames in found.items()}
    tables["differences"] = evaluation.adjusted(tables["differences"])
    tables["overview"] = evaluation.overview(tables["summary"])
    emptied(TABLES)
    for name, table in tables.items():
        # Nine digits: more is float32 noise and makes the diff of a revision unreadable.
        table.to_csv(TABLES / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")
    headline = evaluation.metrics(tables["overview"])
    metrics = ROOT / "reports" / "metrics.json"
    metrics.write_text(json.dumps(headline, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
