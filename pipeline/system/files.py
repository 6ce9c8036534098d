"""Writing the files that DVC keeps, and reading its tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


DIGITS = "%.9g"  # of a table's numbers: further digits are float32 noise and make a diff unreadable

# Columns that hold names, which the user chooses.
NAMES = (
    "claim",
    "setting",
    "variant",
    "reference",
    "network",
    "condition",
    "method",
    "first",
    "second",
    "best",
)


def emptied(folder: Path) -> Path:
    """Return `folder`, created if missing and emptied otherwise.

    Its files may be links into DVC's cache, so they are replaced and never written into.
    """
    removed(folder)
    folder.mkdir(parents=True)
    return folder


def removed(folder: Path) -> None:
    """Remove a folder. If there is a link in its place, remove the link and keep what it points at."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table, with numbers as DIGITS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format=DIGITS, lineterminator="\n")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table. Names are text, also those that look like a number or a truth value."""
    import pandas as pd

    # A variant may be called `nan` or `null`; only an empty field is a missing number.
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAMES, str))


def dotted(section: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values of nested mappings by their dotted paths; a list is one value."""
    values: dict[str, Any] = {}
    for key, value in section.items():
        nested = isinstance(value, Mapping) and value
        values |= (
            {f"{key}.{path}": leaf for path, leaf in dotted(value).items()} if nested else {str(key): value}
        )
    return values


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics for DVC; replace an earlier file, which may be a link into its cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
