"""The report: a template filled with computed sentences, tables and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pipeline.reporting.words import counted

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template of this package; a value it lacks is an error, not a blank."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # markdown from our own names and numbers
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"table": table, "counted": counted}
    return environment.get_template(template).render(values)


def table(frame: pd.DataFrame) -> str:
    """Return a frame of texts as a markdown table."""
    rows: list[Sequence[str]] = [list(frame.columns), ["---"] * len(frame.columns)]
    rows += [[str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def anchor(heading: str) -> str:
    """Return the anchor that a code-hosting page gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
