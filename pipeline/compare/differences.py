"""How the scores differ between two sides, with intervals over the training sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from pipeline.compare import changes
from pipeline.compare.scores import Cell, Replicate, Scores
from pipeline.compare.sides import Side
from pipeline.science import comparison
from pipeline.science.comparison import PairedDifference
from pipeline.science.levels import ALPHA
from pipeline.science.metrics import METRICS
from pipeline.science.unpaired import UnpairedDifference, crossed_difference, unpaired_difference


class Basis(StrEnum):
    """What a difference is judged by; those after the first three cannot be judged."""

    SAME = "the same runs"
    PAIRED = "paired"
    UNPAIRED = "unpaired"
    MEANS = "only means are known"
    FEW = "fewer than two replicates"
    DRAWS = "one training set on each side, and not the same"
    MIXED = "one training set against several"
    INITS = "one initialisation on each side, and not the same"
    IMAGES = "other test images"


@dataclass(frozen=True)
class Difference:
    """A metric of a cell on both sides, and B minus A.

    `a` and `b` are the means of all runs; `estimate` is over those that are compared, and `low` to `high` its
    interval, where there is one. `replicates` counts the replicates of both sides, `why` says what differs
    between their seeds or images. `p_holm` is adjusted over the cells of the setting whose runs differ, a
    metric at a time.
    """

    setting: str
    variant: str
    metric: str
    basis: Basis
    a: float
    b: float
    estimate: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    replicates: str = ""
    why: str = ""

    @property
    def half(self) -> float:
        """Return half the length of the interval; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def beyond_chance(self) -> bool:
        """Tell whether the scores differ by more than the seeds make them."""
        return self.p_holm is not None and self.p_holm <= ALPHA

    @property
    def word(self) -> str:
        """Return what such a change is called: `better`, `worse`, `wider`."""
        return METRICS[self.metric].word(self.estimate)


def differences(a: Side, b: Side) -> list[Difference]:
    """Return every metric of every cell that both sides have, in the order of A."""
    common = [cell for cell in a.scores.means if cell in b.scores.means]
    return _adjusted([difference for cell in common for difference in _of_cell(a, b, cell)])


def missing(scores: Scores, elsewhere: Scores) -> list[Cell]:
    """Return the cells of `scores` that are missing elsewhere."""
    return [cell for cell in scores.means if cell not in elsewhere.means]


def seed_noise(sides: Sequence[Scores], setting: str, metric: str) -> float | None:
    """Return the standard deviation between runs that share all but the seeds of their training.

    Pooled over the training sets, variants and sides of a setting; None where no such runs are known.
    """
    squares, degrees = 0.0, 0
    for scores in sides:
        for cell, runs in scores.runs.items():
            if cell[0] == setting:
                grid = scores.grid(cell, metric, list(runs))
                squares += float(((grid - grid.mean(axis=1, keepdims=True)) ** 2).sum())
                degrees += grid.size - len(grid)
    return float(np.sqrt(squares / degrees)) if degrees else None


def _of_cell(a: Side, b: Side, cell: Cell) -> list[Difference]:
    old, new = a.scores.means[cell], b.scores.means[cell]
    unjudged = [
        Difference(*cell, name, Basis.MEANS, old[name], new[name], estimate=new[name] - old[name])
        for name in old
        if name in new
    ]
    old_runs, new_runs = (side.scores.runs.get(cell, {}) for side in (a, b))
    if not old_runs or not new_runs:
        return unjudged
    if not changes.same_images(a, b, cell[0]):
        return [replace(difference, basis=Basis.IMAGES) for difference in unjudged]
    # The replicates of each side are crossed, so those that both have are crossed too.
    shared = [replicate for replicate in old_runs if replicate in new_runs]
    why = changes.unshared(a, b, cell[0]) if shared else "the numbers of the replicates"
    if why:
        return [_unpaired(a, b, replace(difference, why=why)) for difference in unjudged]
    names = [difference.metric for difference in unjudged]
    if all(old_runs[pair][name] == new_runs[pair][name] for pair in shared for name in names):
        return [replace(difference, basis=Basis.SAME, estimate=0.0) for difference in unjudged]
    why = changes.other_weights(a, b, cell[0])
    return [_paired(a.scores, b.scores, shared, replace(difference, why=why)) for difference in unjudged]


def _paired(a: Scores, b: Scores, shared: list[Replicate], unjudged: Difference) -> Difference:
    cell = (unjudged.setting, unjudged.variant)
    grids = [scores.grid(cell, unjudged.metric, shared) for scores in (a, b)]
    old, new = (comparison.replicates(grid) for grid in grids)
    if len(old) < 2:
        return replace(unjudged, basis=Basis.FEW)
    return _judged(unjudged, Basis.PAIRED, comparison.paired_difference(new, old), _counted(grids[0]))


def _unpaired(a: Side, b: Side, unjudged: Difference) -> Difference:
    cell = (unjudged.setting, unjudged.variant)
    grids = [side.scores.grid(cell, unjudged.metric, list(side.scores.runs[cell])) for side in (a, b)]
    single = [len(grid) == 1 for grid in grids]
    if any(single) and not all(single):
        return replace(unjudged, basis=Basis.MIXED)
    # An interval over initialisations does not contain what two draws of images differ by.
    if all(single) and not all(changes.all_images(side, unjudged.setting) for side in (a, b)):
        return replace(unjudged, basis=Basis.DRAWS)
    # All training sets of a side meet the same initial weights, which may be others on the other side.
    if not all(single) and changes.other_weights(a, b, unjudged.setting):
        if min(grid.shape[1] for grid in grids) < 2:
            return replace(unjudged, basis=Basis.INITS)
        counted = " against ".join(
            f"{len(grid)} training sets x {len(grid.T)} initialisations" for grid in grids
        )
        return _judged(unjudged, Basis.UNPAIRED, crossed_difference(grids[1], grids[0]), counted)
    old, new = (comparison.replicates(grid) for grid in grids)
    if min(len(old), len(new)) < 2:
        return replace(unjudged, basis=Basis.FEW)
    counted = " against ".join(map(_counted, grids))
    return _judged(unjudged, Basis.UNPAIRED, unpaired_difference(new, old), counted)


def _judged(
    unjudged: Difference, basis: Basis, interval: PairedDifference | UnpairedDifference, replicates: str
) -> Difference:
    return replace(
        unjudged,
        basis=basis,
        replicates=replicates,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        p_value=interval.p_value,
    )


def _counted(grid: np.ndarray) -> str:
    """Say how many independent replicates a grid (D, I) holds."""
    splits, inits = grid.shape
    return f"{splits} training sets" if splits > 1 else f"{inits} initialisations of one training set"


def _adjusted(unadjusted: list[Difference]) -> list[Difference]:
    """Add Holm's p values. Equal runs are no comparison: they make no other comparison less certain."""
    families: dict[tuple[str, str], list[int]] = {}
    for place, difference in enumerate(unadjusted):
        if difference.p_value is not None:
            families.setdefault((difference.setting, difference.metric), []).append(place)
    p_holm: dict[int, float] = {}
    for places in families.values():
        values = comparison.holm([unadjusted[place].p_value or 0.0 for place in places])
        p_holm |= dict(zip(places, values.tolist(), strict=True))
    return [replace(difference, p_holm=p_holm.get(place)) for place, difference in enumerate(unadjusted)]
