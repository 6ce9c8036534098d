"""Two states of the study side by side: what was changed, and what that did to the scores."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pipeline.compare import differences, figure, page, sentences, sides, terminal
from pipeline.compare.page import Comparison
from pipeline.compare.versions import WORKSPACE
from pipeline.drawing import style
from pipeline.system.errors import UserError
from pipeline.system.files import write_table

__all__ = ["WORKSPACE", "Comparison", "compare"]
FOLDER = "compare"  # not below reports/, which DVC and MLflow keep whole
PAGE, TABLE, FIGURE = "report.md", "changes.csv", "changes.png"


def compare(root: Path, a: str, b: str = WORKSPACE, out: Path | None = None) -> Comparison:
    """Compare two versions of the study below `root`, print it, and write it to `out`.

    A version is a git revision, a DVC experiment or the workspace. Raises UserError where there is no such
    version, or none with scores.
    """
    read = [sides.read(root, argument, name) for argument, name in (("A", a), ("B", b))]
    comparison = Comparison(read[0], read[1], differences.differences(read[0], read[1]))
    folder = out if out is not None else root / FOLDER / f"{_file_name(a)}..{_file_name(b)}"
    try:
        _write(comparison, folder)
    except OSError as error:
        raise UserError(
            f"--out: expected a folder to write to, received {folder} ({error.strerror})"
        ) from error
    terminal.show(comparison)
    for line in sentences.warnings(comparison.a, comparison.b):
        print(f"warning: {line}", file=sys.stderr)
    print(f"written: {folder / PAGE}")
    return comparison


def _write(comparison: Comparison, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FIGURE).unlink(missing_ok=True)
    if comparison.differences:
        style.use()
        style.save(figure.draw(comparison.differences), folder / FIGURE)
    text = page.rendered(comparison, drawn=bool(comparison.differences))
    (folder / PAGE).write_text(text, encoding="utf-8")
    write_table(folder / TABLE, page.table(comparison.differences))


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.~^-]+", "-", name)
