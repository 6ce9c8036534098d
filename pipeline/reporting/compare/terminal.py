"""The comparison on a terminal."""

from __future__ import annotations

import sys

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.reporting.compare import sentences
from pipeline.reporting.compare.page import Comparison

LOGGED = 160  # columns where nobody says how many there are: a file, the log of a CI
MOST = 10  # rows that are shown of what was changed
COLOURS = {"worse": "red", "better": "green", "wider": "yellow", "narrower": "cyan", "not": "magenta"}
HIDDEN = ("Holm p",)  # in the page alone, for want of columns


def show(one: Comparison) -> None:
    """Print what was changed and what that did."""
    console = Console(width=None if sys.stdout.isatty() else LOGGED, highlight=False)
    for letter, side in (("A", one.a), ("B", one.b)):
        console.print(_plain(f"{letter} {side.name}: {sentences.origin(side)}"))
    for title, frame in (
        ("Parameters", one.parameters()),
        ("Code", one.code()),
        ("Data", one.data()),
        ("Variants and settings", one.listed()),
    ):
        if len(frame):
            console.print(_table(frame.head(MOST), title))
        if len(frame) > MOST:
            console.print(Text(f"and {len(frame) - MOST} more in report.md"))
        if frame.empty and title != "Variants and settings":
            console.print(Text(f"{title}: no change"))
    for setting, frame in one.tables().items():
        changed = frame[frame["test error"] != sentences.SAME]  # the others are counted below
        if len(changed):
            console.print(_table(changed.drop(columns=list(HIDDEN)), setting))
        for sentence in sentences.method(setting, one.found):
            console.print(Text(f"{setting}: {sentence}"))
    for sentence in one.findings:
        console.print(_plain(sentence))


def _table(frame: pd.DataFrame, title: str) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in frame.columns:
        table.add_column(Text(str(name)))
    for row in frame.itertuples(index=False):
        table.add_row(*(_coloured(str(cell)) for cell in row))
    return table


def _coloured(cell: str) -> Text:
    # Text, for in a plain string rich would take [128] for one of its own marks.
    return Text(cell.strip("`"), style=COLOURS.get(cell.partition(" ")[0], ""))


def _plain(sentence: str) -> Text:
    return Text(sentence.replace("**", "").replace("`", ""))
