"""Stage evaluate: the runs of every setting and variant, as tables and metrics."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
from joblib import Parallel, delayed

from pipeline import questions
from pipeline.datasets.prepared import read_images
from pipeline.evaluation import champion, reads, remembered, tables
from pipeline.evaluation.remembered import MeasuredCell
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.system import machine
from pipeline.system.checkout import ROOT
from pipeline.system.errors import reports_errors
from pipeline.system.files import emptied, write_metrics, write_table

TABLES = ROOT / "reports" / "tables"
ERRORS = ROOT / "reports" / "test_error"


@reports_errors
def main() -> None:
    """Write the tables, the metrics, the champion, and what the questions read."""
    params = questions.load(ROOT / "params.yaml")
    labels = {name: read_images(ROOT, setting.data).test_labels for name, setting in params.settings.items()}
    frames: dict[str, list[pd.DataFrame]] = defaultdict(list)
    references: dict[str, list[MeasuredCell]] = {name: [] for name in params.settings}
    threads = Parallel(machine.read().processes, prefer="threads")  # NumPy lets them run at a time
    # The baselines come first: the others are compared with them.
    for cells in threads(delayed(remembered.of_stage)(ROOT, stage, labels) for stage in params.stages):
        for cell in cells:
            _, of_cell, measured = cell
            for name, table in of_cell.items():
                frames[name].append(table)
            known = references[measured.setting]
            frames["differences"] += [remembered.differences(ROOT, cell, reference) for reference in known]
            if measured.variant in (BASELINE, TUNED_BASELINE):
                known.append(cell)
    frames["tuning"] = [tables.tuning(ROOT, stage) for stage in params.stages]
    order = {name: place for place, name in enumerate(params.settings)}
    made = {
        name: _united(listed).sort_values("setting", key=lambda names: names.map(order), kind="stable")
        for name, listed in frames.items()
    }
    made["differences"] = tables.adjusted(made["differences"])
    made["overview"] = tables.overview(made["summary"])
    emptied(TABLES)
    for name, table in made.items():
        write_table(TABLES / f"{name}.csv", table)
    write_metrics(ROOT / "reports" / "metrics" / "study.json", tables.headline(made["overview"]))
    emptied(ERRORS)
    for variant, errors in tables.errors_by_variant(made["overview"]).items():
        write_metrics(ERRORS / f"{variant}.json", errors)
    champion.write(ROOT, made["runs"])
    reads.write_inputs(ROOT)
    remembered.forget_the_oldest(ROOT)


def _united(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all frames, which have the same columns; some or all may be empty."""
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


if __name__ == "__main__":
    main()
