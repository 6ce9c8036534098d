"""Markdown from templates: filled with computed sentences, tables and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pipeline.system.words import counted


def render(template_path: Path, values: Mapping[str, Any]) -> str:
    """Fill a template, which may use the filters `table`, `counted` and `anchor`.

    Raises jinja2.UndefinedError for a value that the template asks for and does not get.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_path.parent),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # markdown from our own names and numbers
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"table": table, "counted": counted, "anchor": anchor}
    return environment.get_template(template_path.name).render(values)


def table(frame: pd.DataFrame) -> str:
    """Return a frame of texts as a markdown table."""
    rows: list[Sequence[str]] = [list(frame.columns), ["---"] * len(frame.columns)]
    rows += [[str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def anchor(heading: str) -> str:
    """Return the anchor that a code-hosting page gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
