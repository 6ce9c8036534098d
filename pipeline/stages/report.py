"""Stage report: figures and the report, from the tables and the answers to the questions."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

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
        process.submit(_log_page, networks.result()).result()


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


def _log_networks() -> bool | None:
    """Tell whether the store says all that DVC keeps; None where it is out of reach, which is said."""
    from pipeline import tracking

    try:
        return tracking.publish_networks(ROOT)
    except tracking.UNREACHABLE as error:
        _warn(error)
        return None


def _log_page(whole: bool | None) -> None:
    from pipeline import tracking

    if whole is None:
        return
    try:
        tracking.publish_reports(ROOT, whole)
    except tracking.UNREACHABLE as error:
        _warn(error)


def _warn(error: BaseException) -> None:
    print(f"warning: the report is not in MLflow: {error}; python -m pipeline sync logs it", file=sys.stderr)


if __name__ == "__main__":
    main()
