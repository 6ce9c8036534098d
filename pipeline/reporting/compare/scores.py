"""The scores of a version: of every run where its table is there, otherwise the means of its metrics."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.errors import UserError
from pipeline.params.sections import Name

RUNS, MEANS = "reports/tables/runs.csv", "reports/metrics/study.json"
METRICS = ("test_error", "test_cross_entropy", "cross_entropy_gap")
Cell = tuple[str, str]  # setting, variant
Replicate = tuple[int, int]  # split, init
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    setting: Name
    variant: Name
    split: Annotated[int, Field(ge=0)]
    init: Annotated[int, Field(ge=0)]
    test_error: Number
    test_cross_entropy: Number
    cross_entropy_gap: Number


class _Means(BaseModel):
    model_config = ConfigDict(extra="ignore")

    test_error: Number
    test_cross_entropy: Number
    cross_entropy_gap: Annotated[Number, Field(alias="gap")]


_rows = TypeAdapter(list[_Row])
_means = TypeAdapter(dict[Name, dict[Name, _Means]])


@dataclass(frozen=True)
class Scores:
    """What is known of a version, and the file that says so.

    `means` holds every metric of every cell; `runs` those of every replicate, and nothing where means alone
    are known. Errors are in percent, losses in nats.
    """

    source: str
    means: dict[Cell, dict[str, float]]
    runs: dict[Cell, dict[Replicate, dict[str, float]]]

    def grid(self, cell: Cell, metric: str, replicates: list[Replicate]) -> np.ndarray:
        """Return a metric of replicates that are all crossings of their D splits and I inits, (D, I)."""
        splits = len({split for split, _ in replicates})
        own = self.runs[cell]
        return np.array([own[one][metric] for one in sorted(replicates)]).reshape(splits, -1)


def read(content: Callable[[str], bytes | None], argument: str) -> Scores:
    """Read the scores of the version whose files `content` returns.

    Raises UserError where neither file is there, or one is not what the stage evaluate writes.
    """
    for path, parse in ((RUNS, _of_runs), (MEANS, _of_means)):
        found = content(path)
        if found is not None:
            try:
                return parse(found)
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
    rows = _rows.validate_python(list(csv.DictReader(io.StringIO(content.decode()))))
    runs: dict[Cell, dict[Replicate, dict[str, float]]] = {}
    for row in rows:
        own = runs.setdefault((row.setting, row.variant), {})
        if (row.split, row.init) in own:
            raise ValueError(f"split {row.split}, init {row.init} of {row.setting}/{row.variant} twice")
        own[row.split, row.init] = row.model_dump(include=set(METRICS))
    for (setting, variant), own in runs.items():
        splits, inits = ({one[axis] for one in own} for axis in (0, 1))
        if len(own) != len(splits) * len(inits):
            raise ValueError(f"{setting}/{variant} without some of its inits on some of its splits")
    means = {
        cell: {name: float(np.mean([values[name] for values in own.values()])) for name in METRICS}
        for cell, own in runs.items()
    }
    return Scores(RUNS, means, runs)


def _of_means(content: bytes) -> Scores:
    found = _means.validate_json(content)
    means = {(s, v): values.model_dump() for s, variants in found.items() for v, values in variants.items()}
    return Scores(MEANS, means, {})
