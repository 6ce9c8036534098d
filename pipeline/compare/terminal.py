"""The comparison on a terminal."""

from __future__ import annotations

import sys

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.compare import sentences
from pipeline.compare.page import Comparison
from pipeline.compare.scores import ENDPOINT
from pipeline.science.metrics import METRICS

LOGGED = 160  # columns where there is no terminal: in a file, in the log of a CI
MOST = 10  # rows of a table of changes that are shown
COLOURS = {"worse": "red", "better": "green", "wider": "yellow", "narrower": "cyan", "not": "magenta"}
HIDDEN = ("Holm p",)  # only on the page: a terminal has too few columns


def show(comparison: Comparison) -> None:
    """Print what was changed and what that did to the scores."""
    console = Console(width=None if sys.stdout.isatty() else LOGGED, highlight=False)
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        console.print(_plain(f"{letter} {side.name}: {sentences.origin(side)}"))
    for title, frame in (
        ("Parameters", comparison.parameters()),
        ("Code", comparison.code()),
        ("Data", comparison.data()),
        ("Variants and settings", comparison.listed()),
    ):
        if len(frame):
            console.print(_table(frame.head(MOST), title))
        if len(frame) > MOST:
            console.print(Text(f"and {len(frame) - MOST} more in report.md"))
        if frame.empty and title != "Variants and settings":
            console.print(Text(f"{title}: no change"))
    for setting, frame in comparison.tables().items():
        changed = frame[frame[METRICS[ENDPOINT].label] != sentences.SAME]  # the rest is counted below
        if len(changed):
            console.print(_table(changed.drop(columns=list(HIDDEN)), setting))
        for sentence in sentences.method(setting, comparison.differences):
            console.print(Text(f"{setting}: {sentence}"))
    for sentence in comparison.findings:
        console.print(_plain(sentence))


def _table(frame: pd.DataFrame, title: str) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in frame.columns:
        table.add_column(Text(str(name)))
    for row in frame.itertuples(index=False):
        table.add_row(*(_coloured(str(cell)) for cell in row))
    return table


def _coloured(cell: str) -> Text:
    # A Text, because in a plain string rich takes [128] for one of its own marks.
    return Text(cell.strip("`"), style=COLOURS.get(cell.partition(" ")[0], ""))


def _plain(sentence: str) -> Text:
    return Text(sentence.replace("**", "").replace("`", ""))
