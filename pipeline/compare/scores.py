"""The scores of a version: those of every run from its table, or the means where there is no such table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.params.sections import Name
from pipeline.science import metrics
from pipeline.system.errors import UserError

RUNS, MEANS = "reports/tables/runs.csv", "reports/metrics/study.json"
ENDPOINT = "test_error"  # what variants are judged by; a version may lack the other metrics, but not this one
Cell = tuple[str, str]  # setting, variant
Replicate = tuple[int, int]  # split, init
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Place(BaseModel):
    """Which run a row of the table is."""

    model_config = ConfigDict(extra="ignore")

    setting: Name
    variant: Name
    split: Annotated[int, Field(ge=0)]
    init: Annotated[int, Field(ge=0)]


_places = TypeAdapter(list[_Place])
_numbers = TypeAdapter(list[dict[str, Number]])
_cells = TypeAdapter(dict[Name, dict[Name, dict[str, Any]]])


@dataclass(frozen=True)
class Scores:
    """The scores of a version, and the file that they were read from.

    `means` holds the metrics of every cell by name; `runs` those of every replicate, and nothing where only
    means are known. Errors are in percent, losses in nats.
    """

    source: str
    means: dict[Cell, dict[str, float]]
    runs: dict[Cell, dict[Replicate, dict[str, float]]]

    def grid(self, cell: Cell, metric: str, replicates: list[Replicate]) -> np.ndarray:
        """Return a metric of replicates that are all crossings of their D splits and I inits, (D, I)."""
        splits = len({split for split, _ in replicates})
        runs = self.runs[cell]
        return np.array([runs[replicate][metric] for replicate in sorted(replicates)]).reshape(splits, -1)


def read(content: Callable[[str], bytes | None], argument: str) -> Scores:
    """Read the scores of the version whose files `content` returns.

    Raises UserError where neither file is there, or one is not what the stage evaluate writes.
    """
    for path, parse in ((RUNS, _of_runs), (MEANS, _of_means)):
        text = content(path)
        if text is not None:
            try:
                return parse(text)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                reason = f"at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}"
            except (ValueError, csv.Error) as error:
                reason = str(error)
            raise UserError(f"{argument}: expected the {path} that evaluate writes, received {reason!r}")
    raise UserError(
        f"{argument}: expected {RUNS} or {MEANS} in it, received neither; "
        "run dvc repro there and commit the reports"
    )


def _of_runs(content: bytes) -> Scores:
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    places = _places.validate_python(rows)
    columns = {name: name for name in metrics.compared()}
    values = _numbers.validate_python([_chosen(row, columns) for row in rows])
    runs: dict[Cell, dict[Replicate, dict[str, float]]] = {}
    for place, scores in zip(places, values, strict=True):
        replicates = runs.setdefault((place.setting, place.variant), {})
        if (place.split, place.init) in replicates:
            raise ValueError(
                f"split {place.split}, init {place.init} of {place.setting}/{place.variant} twice"
            )
        replicates[place.split, place.init] = scores
    for (setting, variant), replicates in runs.items():
        splits, inits = ({replicate[axis] for replicate in replicates} for axis in (0, 1))
        if len(replicates) != len(splits) * len(inits):
            raise ValueError(f"{setting}/{variant} without some of its inits on some of its splits")
    return Scores(RUNS, {cell: _means(list(replicates.values())) for cell, replicates in runs.items()}, runs)


def _of_means(content: bytes) -> Scores:
    headline = metrics.headline()
    names = {name: headline[name] for name in metrics.compared()}
    variants = {
        (setting, variant): _chosen(values, names)
        for setting, cells in _cells.validate_json(content).items()
        for variant, values in cells.items()
    }
    means = _numbers.validate_python(list(variants.values()))
    return Scores(MEANS, dict(zip(variants, means, strict=True)), {})


def _chosen(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the metrics by their own names, from values under the names that `names` gives.

    Those that are missing are left out, except the endpoint.
    """
    return {
        metric: values.get(name) for metric, name in names.items() if name in values or metric == ENDPOINT
    }


def _means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([scores[name] for scores in runs])) for name in runs[0]}
