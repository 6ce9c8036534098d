"""Stage report: figures and the report, from the tables."""

from __future__ import annotations

import sys

import numpy as np

from pipeline import params
from pipeline.checkout import ROOT
from pipeline.data import prepared
from pipeline.errors import reports_errors
from pipeline.files import emptied, read_table, write_table
from pipeline.reporting import figures, html, markdown, page, provenance, style

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Draw the figures, with their numbers beside them, and write `reports/report.md` and `report.html`."""
    study = params.load(ROOT / "params.yaml")
    tables = {path.stem: read_table(path) for path in sorted((REPORTS / "tables").glob("*.csv"))}
    for path in sorted((REPORTS / "probes").glob("*/*.csv")):
        tables[f"{path.parent.name}/{path.stem}"] = read_table(path)
    verdicts, evidence = (read_table(REPORTS / "claims" / f"{name}.csv") for name in ("verdicts", "evidence"))
    test_size = len(np.load(ROOT / prepared.IMAGES / "test_labels.npy", mmap_mode="r", allow_pickle=False))
    values = page.values(study, tables, verdicts, evidence, test_size)
    folder = emptied(REPORTS / "figures")
    style.use()
    drawn = figures.every(tables, study.families(), list(study.settings), values["curve_settings"])
    for name, (rows, figure) in drawn.items():
        write_table(folder / f"{name}.csv", rows)
        style.save(figure, folder / f"{name}.png")
    text = markdown.render("report.md.j2", values | {"provenance": provenance.table(ROOT, study)})
    (REPORTS / "report.md").write_text(text, encoding="utf-8")
    (REPORTS / "report.html").write_text(html.page(text, REPORTS), encoding="utf-8")
    _publish()


def _publish() -> None:
    from pipeline import tracking

    try:
        tracking.publish(ROOT)
    except tracking.UNREACHABLE as error:
        print(
            f"warning: the report is not in MLflow: {error}; python -m pipeline sync logs it", file=sys.stderr
        )


if __name__ == "__main__":
    main()
