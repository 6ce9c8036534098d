"""The cells of its paths, L1 by proximal steps, and the baseline trained for several lengths."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import BASELINE, Params
from pipeline.plan import Cell
from pipeline.questions import paths
from pipeline.questions.weights.settings import Settings

QUESTION = "weights"
PROXIMAL = "proximal"  # how the labels of its cells begin


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield every candidate of its variants, and those that the baseline is matched by.

    These are the epochs of the tuned baseline's candidates and the setting's own, at its learning rate.
    """
    yield from paths.cells(params, section, QUESTION)
    for name in section.settings:
        setting = params.settings[name].model_copy(update={"splits": section.splits, "inits": 1})
        for epochs in sorted({*params.tuning.baseline.epochs, setting.epochs}, reverse=True):
            trained = setting.trained(epochs, setting.optimizer.learning_rate)
            label = f"epochs={epochs}"
            yield Cell(name, BASELINE, [(trained, None)], question=QUESTION, label=label, curves=False)
        for variant in section.variants:
            mix = params.candidates(name)[variant][0]
            if set(mix.regularizers) != {"l1"}:
                continue
            for strength in section.proximal:
                part = mix.regularizers["l1"].model_copy(update={"strength": strength, "proximal": True})
                candidates = [(setting, mix.model_copy(update={"l1": part}))]
                label = f"{PROXIMAL}/strength={strength:g}"
                yield Cell(name, variant, candidates, question=QUESTION, label=label, curves=False)
