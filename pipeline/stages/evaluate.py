"""Stage evaluate: the records of every declared variant, as tables and metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline import params
from pipeline.checkout import ROOT
from pipeline.errors import reports_errors
from pipeline.evaluation import cells, tables
from pipeline.files import emptied, write_metrics, write_table

TABLES = ROOT / "reports" / "tables"


@reports_errors
def main() -> None:
    """Write `reports/metrics/study.json` and the tables, of the declared settings and variants only."""
    declared = params.load(ROOT / "params.yaml")
    labels = np.load(ROOT / "data/images/test_labels.npy", allow_pickle=False)
    variants = [params.BASELINE, params.TUNED_BASELINE, *declared.variants]
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in ("runs", "summary", "differences", "curves")}
    references: dict[str, list[tables.Measured]] = {name: [] for name in declared.settings}
    for variant in variants:  # the baselines first: the others are compared with them
        for cell in cells.read(ROOT, variant):
            decomposed = cell.decomposed(labels)
            found["runs"].append(tables.runs(cell))
            found["summary"].append(tables.summary(cell, decomposed))
            found["curves"].append(tables.curves(cell))
            known, own = references[cell.setting], tables.Measured.of(cell, decomposed, labels)
            found["differences"] += [tables.differences(own, one, cell.setting) for one in known]
            if variant in (params.BASELINE, params.TUNED_BASELINE):
                known.append(own)
    found["tuning"] = [tables.tuning(ROOT, variant) for variant in variants]
    order = {name: place for place, name in enumerate(declared.settings)}
    made = {
        name: pd.concat(frames, ignore_index=True).sort_values(
            "setting", key=lambda names: names.map(order), kind="stable"
        )
        for name, frames in found.items()
    }
    made["differences"] = tables.adjusted(made["differences"])
    made["overview"] = tables.overview(made["summary"])
    emptied(TABLES)
    for name, table in made.items():
        write_table(TABLES / f"{name}.csv", table)
    write_metrics(ROOT / "reports" / "metrics" / "study.json", tables.metrics(made["overview"]))


if __name__ == "__main__":
    main()
