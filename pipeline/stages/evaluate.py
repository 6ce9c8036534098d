"""Stage evaluate: the records of every declared variant, as tables and metrics."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pipeline import machine, params
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
    baselines = (params.BASELINE, params.TUNED_BASELINE)
    variants = [*baselines, *declared.variants]  # the baselines first: the others are compared with them
    found: dict[str, list[pd.DataFrame]] = defaultdict(list)
    references: dict[str, list[tables.Measured]] = {name: [] for name in declared.settings}
    threads = Parallel(machine.read().processes, prefer="threads")  # NumPy lets them run at a time
    for part in threads(delayed(_of_variant)(name, labels) for name in variants):
        for own, measured in part:
            for name, table in own.items():
                found[name].append(table)
            known = references[measured.setting]
            found["differences"] += [tables.differences(measured, one) for one in known]
            if measured.variant in baselines:
                known.append(measured)
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


def _of_variant(variant: str, labels: np.ndarray) -> list[tuple[dict[str, pd.DataFrame], tables.Measured]]:
    """Return, for every cell of a variant, the tables of it alone and what others are compared with."""
    found = []
    for cell in cells.read(ROOT, variant):
        decomposed = cell.decomposed(labels)
        own = {
            "runs": tables.runs(cell),
            "summary": tables.summary(cell, decomposed),
            "curves": tables.curves(cell),
            "decomposition": tables.decomposition(cell, labels),
        }
        found.append((own, tables.Measured.of(cell, decomposed, labels)))
    return found


if __name__ == "__main__":
    main()
