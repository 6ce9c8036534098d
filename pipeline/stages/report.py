"""Stage report: figures and the report, from the tables and the answers to the questions."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pipeline.system import guard
from pipeline.system.checkout import ROOT
from pipeline.system.errors import reports_errors

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Draw the figures, with their numbers beside them, and write `reports/report.md` and `report.html`."""
    # Loading MLflow and Keras takes as long as drawing the page: another process logs the networks meanwhile.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned, initializer=guard.die_with_stage) as process:
        networks = process.submit(_log_networks)
        write_page()
        if networks.result():
            process.submit(_log_page).result()


def write_page() -> None:
    """Write the figures, the numbers that they show, and the page in both forms."""
    from pipeline import questions
    from pipeline.datasets import prepared
    from pipeline.drawing import style
    from pipeline.page import answers, figures, html, page, provenance, stable
    from pipeline.system import markdown
    from pipeline.system.files import emptied, read_table, write_table

    study = questions.load(ROOT / "params.yaml")
    answered = answers.read(REPORTS, questions.asked(study))
    tables = {path.stem: read_table(path) for path in sorted((REPORTS / "tables").glob("*.csv"))}
    labels = {name: prepared.read_images(ROOT, s.data).test_labels for name, s in study.settings.items()}
    sizes = {name: len(known) for name, known in labels.items()}
    values = page.values(study, tables, answered, sizes) | stable.values(REPORTS, answered)
    values |= provenance.values(ROOT, study)
    folder = emptied(REPORTS / "figures")
    style.use()
    drawn = figures.every(tables, study.families(), list(study.settings))
    for name, (rows, figure) in drawn.items():
        write_table(folder / f"{name}.csv", rows)
        style.save_both(figure, folder, name)
    text = markdown.render(page.TEMPLATE, values)
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
