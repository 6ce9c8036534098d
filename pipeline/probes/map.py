"""Which method wins at which data size, width and label noise, with ties shown as ties."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from pipeline.evaluation import cells, tables
from pipeline.params import BASELINE
from pipeline.probes.study import Study
from pipeline.science import comparison
from pipeline.science.verdicts import ALPHA

PART = "map"
AXES = {"data size": "train_size", "width": "width", "label noise": "label_noise"}


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `runs`, a row a run; `differences`, a row a pair of methods in a cell; `winners`, a row a cell.

    A difference is the first method's test error minus the second's, paired by training set, with Holm's
    adjusted p values over all pairs and cells. The winner has the lowest mean; a method ties with it unless
    its difference to it is beyond chance.
    """
    runs = _runs(study)
    differences = _differences(runs)
    return {"runs": runs, "differences": differences, "winners": _winners(runs, differences)}


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the mean test error of every method in every cell, and how many methods tie with the best."""
    means = tables["runs"].groupby(["cell", "method"], sort=False).test_error.mean()
    found: dict[str, Any] = {}
    for (cell, method), error in means.items():
        found.setdefault(cell, {})[method] = round(float(error), 4)
    for row in tables["winners"].itertuples():
        found[str(row.cell)]["tied_with_best"] = len(str(row.tied).split())
    return found


def _runs(study: Study) -> pd.DataFrame:
    probe = study.params.probes.map
    methods = [BASELINE, *probe.variants]
    frames = []
    for part in (*methods, PART):
        for cell in cells.read(study.root, part):
            if part == PART or cell.setting in probe.settings:
                run = cell.grid[0][0].run
                frame = tables.runs(cell).rename(columns={"setting": "cell", "variant": "method"})
                at = {
                    "train_size": run.train_size,
                    "width": run.hidden[0],
                    "label_noise": run.label_noise,
                }
                frames.append(frame.assign(**at))
    found = pd.concat(frames, ignore_index=True)
    found["method"] = pd.Categorical(found.method, methods)
    order = ["train_size", "width", "label_noise", "method", "split", "init"]
    return found.sort_values(order, ignore_index=True).astype({"method": str})


def _differences(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cell, own in runs.groupby("cell", sort=False):
        errors = own.pivot_table(index="split", columns="method", values="test_error", sort=False)
        for first, second in itertools.combinations(errors.columns, 2):
            found = comparison.paired_difference(errors[first], errors[second])
            at = {axis: own[axis].iloc[0] for axis in AXES.values()}
            rows.append({"cell": cell, **at, "first": first, "second": second, **vars(found)})
    table = pd.DataFrame(rows)
    return table.assign(p_holm=comparison.holm(table.p_value))


def _winners(runs: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cell, own in runs.groupby("cell", sort=False):
        means = own.groupby("method", sort=False).test_error.mean().sort_values(kind="stable")
        best = str(means.index[0])
        pairs = differences[(differences.cell == cell) & (differences.p_holm > ALPHA)]
        near = {
            first if second == best else second
            for first, second in zip(pairs["first"], pairs["second"], strict=True)
            if best in (first, second)
        }
        tied = [str(method) for method in means.index if method in near]
        at = {axis: own[axis].iloc[0] for axis in AXES.values()}
        rows.append({"cell": cell, **at, "best": best, "error": means.iloc[0], "tied": " ".join(tied)})
    return pd.DataFrame(rows)
