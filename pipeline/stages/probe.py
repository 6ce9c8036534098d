"""Stages probe@<name>: measure what one probe measures, and draw it."""

from __future__ import annotations

import importlib
import sys

from pipeline import params, probes
from pipeline.checkout import ROOT
from pipeline.errors import UserError, reports_errors
from pipeline.files import emptied, write_metrics, write_table
from pipeline.reporting import style


@reports_errors
def main() -> None:
    """Write the tables, the figure and the metrics of one probe."""
    if len(sys.argv) != 2 or sys.argv[1] not in probes.discover():
        raise UserError(f"usage: python -m pipeline.stages.probe {'|'.join(probes.discover())}")
    name = sys.argv[1]
    probe = probes.load(name)
    tables = probe.measure(probes.Study(ROOT, params.load(ROOT / "params.yaml")))
    folder = emptied(ROOT / "reports" / "probes" / name)
    for table, rows in tables.items():
        write_table(folder / f"{table}.csv", rows)
    style.use()
    drawing = importlib.import_module(f"pipeline.reporting.probes.{name}")
    style.save(drawing.draw(tables), folder / "figure.png")
    write_metrics(ROOT / "reports" / "metrics" / f"{name}.json", probe.metrics(tables))


if __name__ == "__main__":
    main()
