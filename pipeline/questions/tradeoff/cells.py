"""The cells of its paths."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import Params
from pipeline.plan import Cell
from pipeline.questions import paths
from pipeline.questions.tradeoff.settings import Settings


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield every candidate of its variants."""
    return paths.cells(params, section, "tradeoff")
