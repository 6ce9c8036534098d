"""Which method wins at which data size, width and label noise, with ties shown as ties."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from pipeline.evaluation import tables as evaluation
from pipeline.params import BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.study import Study
from pipeline.science import comparison
from pipeline.science.levels import ALPHA

AXES = {"data size": "train_size", "width": "width", "label noise": "label_noise"}


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `runs`, a row a run; `differences`, a row a pair of methods under a condition; `winners`.

    A difference is the first method's test error minus the second's, paired by training set, with Holm's
    adjusted p values over all pairs and conditions. The winner under a condition has the lowest mean; a
    method ties with it unless its difference to it is beyond chance.
    """
    runs = _runs(study)
    differences = _differences(runs)
    return {"runs": runs, "differences": differences, "winners": _winners(runs, differences)}


def metrics(tables: Tables) -> dict[str, Any]:
    """Return the mean test error of every method by condition, and how many methods tie with the best."""
    means = tables["runs"].groupby(["condition", "method"], sort=False).test_error.mean()
    numbers: dict[str, Any] = {}
    for (condition, method), error in means.items():
        numbers.setdefault(condition, {})[method] = round(float(error), 4)
    for row in tables["winners"].itertuples():
        numbers[str(row.condition)]["tied_with_best"] = len(tied_with(row))
    return numbers


def tied_with(winner: Any) -> list[str]:
    """Return the methods that tie with the best, of a row of `winners`."""
    return winner.tied.split() if isinstance(winner.tied, str) else []


def _runs(study: Study) -> pd.DataFrame:
    methods = [BASELINE, *study.section.variants]
    cells = [
        cell
        for method in methods
        for name, cell in study.cells(method).items()
        if name in study.section.settings
    ]
    frames = []
    for cell in (*cells, *study.own(*methods)):
        run = cell.run
        axes = {"train_size": run.train_size, "width": run.architecture.width, "label_noise": run.label_noise}
        frame = evaluation.runs(cell).rename(columns={"setting": "condition", "variant": "method"})
        frames.append(frame.assign(**axes))
    runs = pd.concat(frames, ignore_index=True)
    runs["method"] = pd.Categorical(runs.method, methods)
    order = ["train_size", "width", "label_noise", "method", "split", "init"]
    return runs.sort_values(order, ignore_index=True).astype({"method": str})


def _differences(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for condition, members in runs.groupby("condition", sort=False):
        errors = members.pivot_table(index="split", columns="method", values="test_error", sort=False)
        for first, second in itertools.combinations(errors.columns, 2):
            difference = vars(comparison.paired_difference(errors[first], errors[second]))
            place = {"condition": condition, **_place(members), "first": first, "second": second}
            rows.append(place | difference)
    table = pd.DataFrame(rows)
    return table.assign(p_holm=comparison.holm(table.p_value))


def _winners(runs: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for condition, members in runs.groupby("condition", sort=False):
        means = members.groupby("method", sort=False).test_error.mean().sort_values(kind="stable")
        best = str(means.index[0])
        pairs = differences[(differences.condition == condition) & (differences.p_holm > ALPHA)]
        near = {
            first if second == best else second
            for first, second in zip(pairs["first"], pairs["second"], strict=True)
            if best in (first, second)
        }
        tied = " ".join(str(method) for method in means.index if method in near)
        place = {"condition": condition, **_place(members)}
        rows.append(place | {"best": best, "error": means.iloc[0], "tied": tied})
    return pd.DataFrame(rows)


def _place(members: pd.DataFrame) -> dict[str, Any]:
    """Return where on every axis a condition lies, from its runs."""
    return {axis: members[axis].iloc[0] for axis in AXES.values()}
