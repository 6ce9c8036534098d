"""Writing what DVC keeps, and reading its tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


DIGITS = "%.9g"  # of a table's numbers: more is float32 noise and makes the diff of a revision unreadable

# Columns of names, which the user gives.
NAMES = ("claim", "setting", "variant", "reference", "network", "cell", "method", "first", "second", "best")


def emptied(folder: Path) -> Path:
    """Return `folder`, made if missing and emptied if not.

    What stands there may be a link into DVC's cache: it must be replaced, never written into.
    """
    removed(folder)
    folder.mkdir(parents=True)
    return folder


def removed(folder: Path) -> None:
    """Remove a folder, or the link that stands in its place and nothing of what it points at."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table; its numbers to DIGITS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format=DIGITS, lineterminator="\n")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table. Names are text, also where they look like a number or a truth."""
    import pandas as pd

    # A variant may be called `nan` or `null`; a number that is missing is an empty cell.
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAMES, str))


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics for DVC, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
