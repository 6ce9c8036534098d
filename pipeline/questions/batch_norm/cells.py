"""Every learning rate on every network, with and without the variant; and where the shift is measured."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params import BASELINE, Optimizer, Params
from pipeline.plan import Cell
from pipeline.questions.batch_norm.settings import Settings

QUESTION = "batch_norm"


def cells(params: Params, section: Settings) -> Iterator[Cell]:
    """Yield, network by network and method by method, a cell a rate, and the one that measures the shift."""
    (mix,) = params.variants[section.variant]
    for name, network in section.networks.items():
        same = {"splits": section.splits, "inits": 1, "epochs": section.epochs, "network": network}
        setting = params.settings[section.setting].model_copy(update=same)
        for variant, regularizers in ((BASELINE, None), (section.variant, mix)):
            labelled = [(rate, f"learning_rate={rate:g}", 0) for rate in section.rates]
            for rate, label, every in (
                *labelled,
                (section.shift.learning_rate, "shift", section.shift.every),
            ):
                optimizer = Optimizer(name=section.optimizer, learning_rate=rate)
                yield Cell(
                    section.setting,
                    variant,
                    [(setting.model_copy(update={"optimizer": optimizer}), regularizers)],
                    question=QUESTION,
                    label=f"{name}/{label}",
                    shift_every=every,
                )
