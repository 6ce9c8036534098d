"""Stage report: figures and the report, from the tables."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pipeline import guard
from pipeline.checkout import ROOT
from pipeline.errors import reports_errors

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Draw the figures, with their numbers beside them, and write `reports/report.md` and `report.html`."""
    # MLflow and Keras take as long to load as the page to draw: another process logs the networks meanwhile.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned, initializer=guard.die_with_stage) as other:
        networks = other.submit(_log_networks)
        write_page()
        if networks.result():
            other.submit(_log_page).result()


def write_page() -> None:
    """Write the figures, the numbers that they show, and the page in both forms."""
    import numpy as np

    from pipeline import params
    from pipeline.data import prepared
    from pipeline.files import emptied, read_table, write_table
    from pipeline.reporting import figures, html, markdown, page, provenance, style

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


def _log_networks() -> bool:
    from pipeline import tracking

    return _logged(tracking.publish_networks)


def _log_page() -> bool:
    from pipeline import tracking

    return _logged(tracking.publish_reports)


def _logged(publish: Callable[[Path], None]) -> bool:
    """Tell whether the store could be reached; where not, say so."""
    from pipeline import tracking

    try:
        publish(ROOT)
    except tracking.UNREACHABLE as error:
        print(
            f"warning: the report is not in MLflow: {error}; python -m pipeline sync logs it", file=sys.stderr
        )
        return False
    return True


if __name__ == "__main__":
    main()
