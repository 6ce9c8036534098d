"""The run of the study itself: the report and its figures, as artifacts of one run."""

from __future__ import annotations

from pathlib import Path

from pipeline.tracking.agreement import Entry, Group, digest, digest_of
from pipeline.tracking.study import entries

KIND = "study"
REPORTS, PAGE = "reports", "report.md"
BROWSER = f"{REPORTS}/report.html"


def group(root: Path) -> list[Group]:
    """Return the run that has the reports as they are now; none where there is no page."""
    page = root / REPORTS / PAGE
    if not page.exists():
        return []
    files = {
        path.relative_to(root).as_posix(): path
        for path in sorted((root / REPORTS).rglob("*"))
        if path.is_file()
    }
    key = digest_of((name, digest(path.read_bytes())) for name, path in files.items())
    first = page.read_text(encoding="utf-8").partition("\n## ")[0].strip()
    note = f"{first[:4000]}\n\nThe whole report: `{BROWSER}` among the artifacts."
    return [Group(Entry(key, "study", {entries.KIND: KIND}, note=note, artifacts=files))]
