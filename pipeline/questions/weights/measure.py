"""Sparsity and spread of the weights, and what pruning costs, at matched validation loss.

The paths share a target: ABOVE times the highest of their lowest mean validation cross-entropies. There a
path is past its best strength, and its loss rises with the strength; at its best it is too flat to tell
strengths apart. A path reaches the target between two strengths, and what the weights are like there is
interpolated between the two, linearly in the loss. An earlier rule took the strength nearest to the highest
of the lowest losses: it jumped by a factor of three from one set of seeds to the next, and turned 3c. Pruning
and spectra are shown at the strength nearest to the target. A weaker strength may have the same loss because
the penalty does nothing yet. The baseline has no strength; on its path fewer epochs stand for more. Live
weights are those that some training image of the run can move: an input that is zero throughout leaves its
weights to the penalty alone.
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
from pipeline.science.network import Network

SHARES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
MEASURES = ["near_zero", "exact_zeros", "hoyer", "participation_ratio", "norm"]
ABOVE = 1.1  # the target over the highest of the lowest losses
IMAGES = 2000  # no more of the test images tell what pruning costs


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `spread`, `pruning` and `spectrum`: a row a run and selection of weights, share, or place.

    In `spread` two runs of a training set make one row, as if trained at the strength between theirs. Errors
    in percent; `norm` is Euclidean; singular values are of the first kernel, largest first. A variant by
    proximal steps is called `l1_proximal`.
    """
    spread, pruned, spectrum = [], [], []
    for by_name in _paths(study):
        losses = [[_loss(cell) for cell in path] for path in by_name.values()]
        for (name, path), nearest, place in zip(
            by_name.items(), matched(losses), crossings(losses), strict=True
        ):
            first, share = int(place), place % 1
            ends = [_spreads(study, name, cell) for cell in path[first : first + 1 + (share > 0)]]
            spread.append(ends[0] if share == 0 else between(ends[0], ends[1], share))
            of_path = _pruned_and_spectra(study, name, path[nearest])
            pruned += of_path[0]
            spectrum += of_path[1]
    return {
        "spread": pd.concat(spread).reset_index(),
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
    target = _target(losses)
    best = [int(np.argmin(path)) for path in losses]
    return [
        start + int(np.argmin([abs(loss - target) for loss in path[start:]]))
        for start, path in zip(best, losses, strict=True)
    ]


def crossings(losses: list[list[float]]) -> list[float]:
    """Return the place on every path at which it reaches the common target, from the path's best on.

    A whole number is a strength of the path; 1.25 lies between the second and the third, nearer to the
    second, in proportion to their losses. A path that stays below the target counts with its last strength.
    `losses` as for `matched`.
    """
    target = _target(losses)
    places = []
    for path in losses:
        place = float(len(path) - 1)
        for low in range(int(np.argmin(path)), len(path) - 1):
            if path[low] <= target < path[low + 1]:
                place = low + (target - path[low]) / (path[low + 1] - path[low])
                break
        places.append(place)
    return places


def _target(losses: list[list[float]]) -> float:
    return ABOVE * max(min(path) for path in losses)


def _paths(study: Study) -> Iterator[dict[str, list[Cell]]]:
    """Yield the cells of every path of a setting, the weakest strength first, by what the path is called."""
    of_setting: dict[str, dict[str, list[Cell]]] = {name: {} for name in study.section.settings}
    for cell in study.own(BASELINE, *study.section.variants):
        steps = "_proximal" if cell.label.startswith(PROXIMAL) else ""
        of_setting[cell.setting].setdefault(f"{cell.variant}{steps}", []).append(cell)
    for by_name in of_setting.values():
        for path in by_name.values():
            path.sort(key=lambda cell: (-cell.run.epochs, paths.strength(cell.run)))
        yield by_name


def _runs(study: Study, name: str, cell: Cell) -> Iterator[tuple[dict[str, Any], Network, list[np.ndarray]]]:
    """Yield where a run stands, its network, and the masks of its live weights, a mask a kernel."""
    losses = cell.score("validation_cross_entropy").ravel()
    for (run, network), loss in zip(cell.networks(), losses, strict=True):
        place = {"setting": run.setting, "variant": name, "split": run.split}
        place |= {"strength": paths.strength(run), "epochs": run.epochs}
        place |= {"validation_cross_entropy": float(loss)}
        seen = scaled(study.replicate(run, run.split).train_images)
        yield place, network, pruning.live(network, seen)


def _spreads(study: Study, name: str, cell: Cell) -> pd.DataFrame:
    """Return what the weights of a cell are like, by run and selection of weights."""
    rows = []
    for place, network, live in _runs(study, name, cell):
        whole = [np.ones(kernel.shape, bool) for kernel in network.kernels]
        for weights, masks in (("live", live), ("all", whole)):
            for kernels, chosen in (
                ("first", network.kernels[0][masks[0]]),
                ("all", pruning.chosen(network, masks)),
            ):
                rows.append(place | {"kernels": kernels, "weights": weights} | _spread(chosen))
    return pd.DataFrame(rows).set_index(["setting", "variant", "split", "kernels", "weights"])


def between(low: pd.DataFrame, high: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return the rows between two cells, which have the same; strengths are spaced by factors."""
    mixed = (1 - share) * low + share * high
    return mixed.assign(strength=low.strength ** (1 - share) * high.strength**share)


def _pruned_and_spectra(
    study: Study, name: str, cell: Cell
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    images, labels = study.test_sample(cell.run, IMAGES)
    pruned, spectrum = [], []
    for place, network, live in _runs(study, name, cell):
        for share in SHARES:
            logits = pruning.prune(network, share, live).logits(images)
            error = 100.0 * float((logits.argmax(axis=1) != labels).mean())
            pruned.append(place | {"share": share, "error": error})
        values = diagnostics.spectrum(network.kernels[0])
        spectrum += [place | {"place": rank, "value": value} for rank, value in enumerate(values, start=1)]
    return pruned, spectrum


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
