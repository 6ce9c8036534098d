"""How the scores differ between two sides, with intervals over the training sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from pipeline.reporting.compare import changes
from pipeline.reporting.compare.scores import METRICS, Cell, Replicate, Scores
from pipeline.reporting.compare.sides import Side
from pipeline.science import comparison
from pipeline.science.comparison import PairedDifference
from pipeline.science.unpaired import UnpairedDifference, crossed_difference, unpaired_difference

ALPHA = 0.05


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

    `a` and `b` are the means of all runs; `estimate` is over those that are compared, `low` to `high` its
    95 % interval, where there is one. `replicates` says over what, `why` what is not paired. `p_holm`
    is adjusted over the cells of the setting whose runs differ, metric by metric.
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


def differences(a: Side, b: Side) -> list[Difference]:
    """Return every metric of every cell that both sides have, in the order of A."""
    common = [cell for cell in a.scores.means if cell in b.scores.means]
    return _adjusted([one for cell in common for one in _of_cell(a, b, cell)])


def only(one: Scores, other: Scores) -> list[Cell]:
    """Return the cells that `one` has and `other` has not."""
    return [cell for cell in one.means if cell not in other.means]


def seed_noise(sides: Sequence[Scores], setting: str, metric: str) -> float | None:
    """Return the standard deviation between runs that share all but the seeds of their training.

    Pooled over the training sets, variants and sides of a setting; None where no such runs are known.
    """
    squares, degrees = 0.0, 0
    for scores in sides:
        for cell, own in scores.runs.items():
            if cell[0] == setting:
                grid = scores.grid(cell, metric, list(own))
                squares += float(((grid - grid.mean(axis=1, keepdims=True)) ** 2).sum())
                degrees += grid.size - len(grid)
    return float(np.sqrt(squares / degrees)) if degrees else None


def _of_cell(a: Side, b: Side, cell: Cell) -> list[Difference]:
    old, new = a.scores.means[cell], b.scores.means[cell]
    plain = [
        Difference(*cell, name, Basis.MEANS, old[name], new[name], estimate=new[name] - old[name])
        for name in METRICS
    ]
    own, other = (side.scores.runs.get(cell, {}) for side in (a, b))
    if not own or not other:
        return plain
    if not changes.same_images(a, b):
        return [replace(one, basis=Basis.IMAGES) for one in plain]
    # Crossed as those of either side are, so that what both have is crossed too.
    shared = [one for one in own if one in other]
    why = changes.unshared(a, b, cell[0]) if shared else "the numbers of the replicates"
    if not why:
        if all(own[one] == other[one] for one in shared):
            return [replace(one, basis=Basis.SAME, estimate=0.0) for one in plain]
        why = changes.other_weights(a, b, cell[0])
        return [_paired(a.scores, b.scores, shared, replace(one, why=why)) for one in plain]
    return [_unpaired(a, b, replace(one, why=why)) for one in plain]


def _paired(a: Scores, b: Scores, shared: list[Replicate], one: Difference) -> Difference:
    grids = [scores.grid((one.setting, one.variant), one.metric, shared) for scores in (a, b)]
    old, new = (comparison.replicates(grid) for grid in grids)
    if len(old) < 2:
        return replace(one, basis=Basis.FEW)
    return _judged(one, Basis.PAIRED, comparison.paired_difference(new, old), _counted(grids[0]))


def _unpaired(a: Side, b: Side, one: Difference) -> Difference:
    cell = (one.setting, one.variant)
    grids = [side.scores.grid(cell, one.metric, list(side.scores.runs[cell])) for side in (a, b)]
    single = [len(grid) == 1 for grid in grids]
    if any(single) and not all(single):
        return replace(one, basis=Basis.MIXED)
    # What two draws of images differ by is in no interval over initialisations.
    if all(single) and not all(changes.all_images(side, one.setting) for side in (a, b)):
        return replace(one, basis=Basis.DRAWS)
    # All training sets of a side are met by the same initial weights, which may be others on the other side.
    if not all(single) and changes.other_weights(a, b, one.setting):
        if min(grid.shape[1] for grid in grids) < 2:
            return replace(one, basis=Basis.INITS)
        counted = " against ".join(
            f"{len(grid)} training sets x {len(grid.T)} initialisations" for grid in grids
        )
        return _judged(one, Basis.UNPAIRED, crossed_difference(grids[1], grids[0]), counted)
    old, new = (comparison.replicates(grid) for grid in grids)
    if min(len(old), len(new)) < 2:
        return replace(one, basis=Basis.FEW)
    counted = " against ".join(map(_counted, grids))
    return _judged(one, Basis.UNPAIRED, unpaired_difference(new, old), counted)


def _judged(
    one: Difference, basis: Basis, found: PairedDifference | UnpairedDifference, replicates: str
) -> Difference:
    return replace(
        one,
        basis=basis,
        replicates=replicates,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
    )


def _counted(grid: np.ndarray) -> str:
    """Say how many independent replicates a grid (D, I) holds."""
    splits, inits = grid.shape
    return f"{splits} training sets" if splits > 1 else f"{inits} initialisations of one training set"


def _adjusted(found: list[Difference]) -> list[Difference]:
    """Add Holm's p values. Runs that are the same are no comparison: they make no other less certain."""
    p_holm: dict[int, float] = {}
    for setting in {one.setting for one in found}:
        for metric in METRICS:
            places = [
                place
                for place, one in enumerate(found)
                if (one.setting, one.metric) == (setting, metric) and one.p_value is not None
            ]
            if places:
                values = comparison.holm([found[place].p_value or 0.0 for place in places])
                p_holm |= dict(zip(places, values.tolist(), strict=True))
    return [replace(one, p_holm=p_holm.get(place)) for place, one in enumerate(found)]
