"""Two states of the study side by side: what was changed, and what that did to the scores."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import write_table
from pipeline.reporting import style
from pipeline.reporting.compare import differences, figure, page, sentences, sides, terminal
from pipeline.reporting.compare.page import Comparison
from pipeline.reporting.compare.versions import WORKSPACE

__all__ = ["WORKSPACE", "Comparison", "compare"]
FOLDER = "compare"  # not below reports/, of which DVC and MLflow keep all
PAGE, TABLE, FIGURE = "report.md", "changes.csv", "changes.png"


def compare(root: Path, a: str, b: str = WORKSPACE, out: Path | None = None) -> Comparison:
    """Compare two versions of the study below `root`, print it, and write it to `out`.

    A version is a git revision, a DVC experiment or the workspace. Raises UserError where there is no such
    version, or none with scores.
    """
    read = [sides.read(root, argument, name) for argument, name in (("A", a), ("B", b))]
    found = Comparison(read[0], read[1], differences.differences(read[0], read[1]))
    folder = out if out is not None else root / FOLDER / f"{_file_name(a)}..{_file_name(b)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--out: expected a folder to write to, received {folder} ({error.strerror})"
        ) from error
    (folder / FIGURE).unlink(missing_ok=True)
    if found.found:
        style.use()
        style.save(figure.draw(found.found), folder / FIGURE)
    (folder / PAGE).write_text(page.rendered(found, drawn=bool(found.found)), encoding="utf-8")
    write_table(folder / TABLE, page.table(found.found))
    terminal.show(found)
    for line in sentences.warnings(found.a, found.b):
        print(f"warning: {line}", file=sys.stderr)
    print(f"written: {folder / PAGE}")
    return found


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.~^-]+", "-", name)
