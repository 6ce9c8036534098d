"""Sparsity and spread of the weights, and what pruning costs, at matched validation loss.

On every path, from its best strength on, the strength is taken whose mean validation cross-entropy is nearest
to a target that the paths share: the highest of the paths' lowest values, which each can come close to. A
weaker strength may have the same loss because the penalty does nothing yet. The baseline has no strength; on
its path fewer epochs stand for more. Live weights are those that some training image of the run can
move: an input that is zero throughout leaves its weights to the penalty alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE
from pipeline.questions import paths
from pipeline.questions.base import Tables
from pipeline.questions.study import Study, scaled
from pipeline.questions.weights.cells import PROXIMAL
from pipeline.science import diagnostics, pruning

SHARES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
MEASURES = ["near_zero", "exact_zeros", "hoyer", "participation_ratio", "norm"]
IMAGES = 2000  # no more of the test images tell what pruning costs


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `spread`, `pruning` and `spectrum`: a row a run and selection of weights, share, or place.

    Errors in percent; `norm` is Euclidean; singular values are of the first kernel, largest first. A variant
    by proximal steps is called `l1_proximal`.
    """
    spread, pruned, spectrum = [], [], []
    for name, cell in _compared(study):
        images, labels = study.test_sample(cell.run, IMAGES)
        losses = cell.score("validation_cross_entropy").ravel()
        for (run, network), loss in zip(cell.networks(), losses, strict=True):
            place = {"setting": run.setting, "variant": name, "split": run.split}
            place |= {"strength": paths.strength(run), "epochs": run.epochs}
            place |= {"validation_cross_entropy": float(loss)}
            seen = scaled(study.replicate(run, run.split).train_images)
            live = pruning.live(network, seen)
            whole = [np.ones(kernel.shape, bool) for kernel in network.kernels]
            for weights, masks in (("live", live), ("all", whole)):
                for kernels, chosen in (
                    ("first", network.kernels[0][masks[0]]),
                    ("all", pruning.chosen(network, masks)),
                ):
                    spread.append(place | {"kernels": kernels, "weights": weights} | _spread(chosen))
            for share in SHARES:
                logits = pruning.prune(network, share, live).logits(images)
                error = 100.0 * float((logits.argmax(axis=1) != labels).mean())
                pruned.append(place | {"share": share, "error": error})
            values = diagnostics.spectrum(network.kernels[0])
            spectrum += [
                place | {"place": rank, "value": value} for rank, value in enumerate(values, start=1)
            ]
    return {
        "spread": pd.DataFrame(spread),
        "pruning": pd.DataFrame(pruned),
        "spectrum": pd.DataFrame(spectrum),
    }


def metrics(tables: Tables) -> dict[str, Any]:
    """Return, by setting and variant, the means over the live weights of all kernels."""
    spread = tables["spread"]
    chosen = spread[(spread.kernels == "all") & (spread.weights == "live")]
    names = [*MEASURES, "validation_cross_entropy"]
    numbers: dict[str, Any] = {}
    for (setting, variant), row in (
        chosen.groupby(["setting", "variant"], sort=False)[names].mean().iterrows()
    ):
        numbers.setdefault(setting, {})[variant] = {k: round(float(v), 5) for k, v in row.items()}
    return numbers


def matched(losses: list[list[float]]) -> list[int]:
    """Return the place on every path that is nearest to the common target, none before the path's best.

    `losses` has a list a path, the weakest strength first.
    """
    target = max(min(path) for path in losses)
    best = [int(np.argmin(path)) for path in losses]
    return [
        start + int(np.argmin([abs(loss - target) for loss in path[start:]]))
        for start, path in zip(best, losses, strict=True)
    ]


def _compared(study: Study) -> Iterator[tuple[str, Cell]]:
    """Yield the matched cell of every path, setting by setting, with what the path is called."""
    of_setting: dict[str, dict[str, list[Cell]]] = {name: {} for name in study.section.settings}
    for cell in study.own(BASELINE, *study.section.variants):
        steps = "_proximal" if cell.label.startswith(PROXIMAL) else ""
        of_setting[cell.setting].setdefault(f"{cell.variant}{steps}", []).append(cell)
    for by_name in of_setting.values():
        for path in by_name.values():
            path.sort(key=lambda cell: (-cell.run.epochs, paths.strength(cell.run)))
        places = matched([[_loss(cell) for cell in path] for path in by_name.values()])
        for (name, path), place in zip(by_name.items(), places, strict=True):
            yield name, path[place]


def _loss(cell: Cell) -> float:
    """Return the mean validation cross-entropy."""
    splits = len(cell.records)
    return sum(record.final["validation_cross_entropy"] / splits for record in cell.records)


def _spread(weights: np.ndarray) -> dict[str, float]:
    return {
        "near_zero": diagnostics.near_zero(weights),
        "exact_zeros": float((weights == 0).mean()),
        "hoyer": diagnostics.hoyer(weights),
        "participation_ratio": diagnostics.participation_ratio(weights),
        "norm": float(np.sqrt((weights.astype(np.float64) ** 2).sum())),
    }
