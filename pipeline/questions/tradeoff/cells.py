"""The cells of its paths, and a crossed design of training sets and initialisations."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import BASELINE, Params
from pipeline.plan import Cell
from pipeline.questions import paths
from pipeline.questions.tradeoff.settings import Settings

CROSSED = 4  # initialisations, each on every training set


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield every candidate of its variants, and the baseline with initialisations that the sets share."""
    yield from paths.cells(params, section, "tradeoff")
    for name in section.settings:
        design = {"splits": section.splits, "inits": CROSSED, "crossed": True}
        crossed = params.settings[name].model_copy(update=design)
        yield Cell(name, BASELINE, [(crossed, None)], question="tradeoff", label="crossed", curves=False)
