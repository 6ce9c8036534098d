"""Every method under every condition: errors, winners, the regret of a fixed choice, and budgets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.evaluation import tables as evaluation
from pipeline.evaluation.cells import Cell
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.plan import Run
from pipeline.questions.base import Tables
from pipeline.questions.choice import budget, regret
from pipeline.questions.study import Study
from pipeline.science import comparison
from pipeline.science.levels import ALPHA

# All that tells conditions apart; a table is in the order of these.
PLACE = (
    "train_size",
    "network",
    "depth",
    "width",
    "data",
    "label_noise",
    "distractors",
    "epochs",
    "batch_size",
    "validation_size",
)
SCORES = ("test_error", "validation_error", "validation_cross_entropy")


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables of the comparison, errors in percent and differences in points.

    `runs` has a row a run; `common` marks the methods that are compared under every condition. `differences`
    has a row a pair of methods under a condition: the first method's test error minus the second's, paired
    by training set. The method with the lowest mean is the winner of its condition (`winners`); another ties
    with it unless their difference is beyond chance (Holm over the comparisons with the winner). `regret`
    has what a fixed method costs against the one chosen on validation data, and `budgets` the validation
    error of every run of the settings when a share of the epochs is over.
    """
    runs = _runs(study)
    differences = _differences(runs)
    return {
        "runs": runs,
        "differences": differences,
        "winners": _winners(runs, differences),
        "regret": regret.table(runs),
        "budgets": budget.table(_cells(study)),
    }


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


def _cells(study: Study) -> list[Cell]:
    """Return the cells of the settings that the question names, with all methods that they have."""
    return [
        cell
        for method in (BASELINE, TUNED_BASELINE, *study.params.variants)
        for name, cell in study.cells(method).items()
        if name in study.section.settings
    ]


def _runs(study: Study) -> pd.DataFrame:
    common = [BASELINE, TUNED_BASELINE, *study.section.variants]
    cells = [*_cells(study), *study.own(*common)]
    # Early stopping and the tuned baseline train for fewer epochs under the same condition.
    places = {cell.setting: _place(cell.run) for cell in cells if cell.variant == BASELINE}
    frames = []
    for cell in cells:
        frame = evaluation.runs(cell).rename(columns={"setting": "condition", "variant": "method"})
        names = ["condition", "method", "split", "init", *SCORES]
        frames.append(frame[names].assign(common=cell.variant in common, **places[cell.setting]))
    runs = pd.concat(frames, ignore_index=True)
    order = list(dict.fromkeys([*common, *runs.method]))
    runs["method"] = pd.Categorical(runs.method, order)
    return runs.sort_values([*PLACE, "condition", "method", "split", "init"], ignore_index=True).astype(
        {"method": str}
    )


def _place(run: Run) -> dict[str, Any]:
    """Return where a condition lies on every axis, from a run of its baseline."""
    network = run.architecture
    (kind,) = run.network
    same = {name: getattr(run, name) for name in PLACE if hasattr(run, name)}
    return same | {"network": kind, "width": network.width, "depth": network.depth, "data": run.source}


def _differences(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for condition, errors in by_training_set(runs):
        for first, second in itertools.combinations(errors.columns, 2):
            difference = vars(comparison.paired_difference(errors[first], errors[second]))
            rows.append({"condition": condition, "first": first, "second": second} | difference)
    return pd.DataFrame(rows)


def by_training_set(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every condition with its test errors (training sets, methods), initialisations averaged."""
    for condition, members in runs.groupby("condition", sort=False):
        wide = members.pivot_table(index="split", columns="method", values="test_error", sort=False)
        yield str(condition), wide


def _winners(runs: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for condition, members in runs.groupby("condition", sort=False):
        means = members.groupby("method", sort=False).test_error.mean().sort_values(kind="stable")
        best = str(means.index[0])
        pairs = differences[differences.condition == condition]
        pairs = pairs[(pairs["first"] == best) | (pairs["second"] == best)]
        pairs = pairs[comparison.holm(pairs.p_value) > ALPHA]
        near = {*pairs["first"], *pairs["second"]} - {best}
        tied = " ".join(str(method) for method in means.index if method in near)
        place = {"condition": condition, **{name: members[name].iloc[0] for name in PLACE}}
        sets = members.split.nunique()
        rows.append(place | {"n": sets, "best": best, "error": means.iloc[0], "tied": tied})
    return pd.DataFrame(rows)
