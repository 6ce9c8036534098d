"""The baselines and every method under every condition; those with candidates choose among them there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import BASELINE, TUNED_BASELINE, Mix, Params, Setting
from pipeline.plan import Cell
from pipeline.questions.choice.settings import Settings

QUESTION = "choice"


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield the baseline, the tuned one and the variants, condition by condition."""
    for name, (setting, trials) in section.drawn(params).items():
        yield Cell(name, BASELINE, [(setting, None)], question=QUESTION, curves=False)
        tuned = _tuned(params, section, setting)
        yield Cell(name, TUNED_BASELINE, tuned, trials, question=QUESTION, curves=False)
        for variant in setting.variants:
            mixes = params.variants[variant]
            tried = [mixes[number] for number in section.candidates] if len(mixes) > 1 else mixes
            candidates = [(setting, mix) for mix in tried]
            yield Cell(name, variant, candidates, trials, question=QUESTION, curves=False)


def _tuned(params: Params, section: Settings, setting: Setting) -> list[tuple[Setting, Mix | None]]:
    """Return the candidates of the baseline: the same shares of the longest training as in the settings."""
    lists = params.tuning.baseline
    candidates: list[tuple[Setting, Mix | None]] = []
    for number in section.candidates:
        epochs = max(round(setting.epochs * lists.epochs[number] / max(lists.epochs)), 1)
        candidates.append((setting.trained(epochs, lists.learning_rate[number]), None))
    return candidates
