"""The run of the study itself: the report and its figures, as artifacts of one run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mlflow.entities import Run as Logged

from pipeline.tracking import entries, store
from pipeline.tracking.entries import Entry
from pipeline.tracking.ledger import CURRENT, Ledger, is_workspace

REPORTS, PAGE = "reports", "report.md"
DIGEST = "reports_digest"


def publish(ledger: Ledger, root: Path) -> None:
    """Log the reports as they are now, where they are not logged yet; earlier ones stay, not current."""
    if not (root / REPORTS / PAGE).exists():
        return
    entry = _entry(root)
    there = False
    for run in ledger.search(f"tags.{entries.KIND} = 'study'"):
        same = run.data.tags.get(DIGEST) == entry.tags[DIGEST] and run.info.status == "FINISHED"
        if is_workspace():
            ledger.mark([run], current=same and not there)
        there = there or same
    if there:
        return
    identity = ledger.begin(entry, store.outer_run())
    ledger.client.log_artifacts(identity, str(root / REPORTS), REPORTS)
    ledger.end(identity, entry)


def missing(ledger: Ledger, root: Path) -> list[str]:
    """Return a line where the present report is not what the current run of the study holds."""
    if not (root / REPORTS / PAGE).exists():
        return []
    expected = _entry(root).tags[DIGEST]
    current: list[Logged] = ledger.search(f"tags.{entries.KIND} = 'study' and tags.{CURRENT} = 'true'")
    if [run.data.tags.get(DIGEST) for run in current] == [expected]:
        return []
    return [f"study: expected one current run with the present reports, found {len(current)} of others"]


def _entry(root: Path) -> Entry:
    digest = hashlib.sha256()
    for path in sorted((root / REPORTS).rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    page = (root / REPORTS / PAGE).read_text(encoding="utf-8")
    first = page.partition("\n## ")[0].strip()
    tags = {
        entries.KIND: "study",
        DIGEST: digest.hexdigest()[:32],
        entries.NOTE: f"{first[:4000]}\n\nThe whole report: `{REPORTS}/{PAGE}` among the artifacts.",
    }
    return Entry("study", tags, {}, {})
