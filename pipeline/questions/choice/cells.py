"""Every method under every condition; those with a strength choose it there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import BASELINE, Params
from pipeline.plan import Cell
from pipeline.questions.choice.settings import Settings

QUESTION = "choice"


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield the baseline and every variant, condition by condition."""
    for name, (setting, trials) in section.drawn(params).items():
        yield Cell(name, BASELINE, [(setting, None)], question=QUESTION, curves=False)
        for variant in section.variants:
            mixes = params.variants[variant]
            tried = [mixes[number] for number in section.candidates] if len(mixes) > 1 else mixes
            candidates = [(setting, mix) for mix in tried]
            yield Cell(name, variant, candidates, trials, question=QUESTION, curves=False)
