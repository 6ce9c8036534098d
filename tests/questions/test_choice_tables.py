"""The choice: the tables of records by hand, its metrics, and what a budget of epochs leaves of a run."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions.base import Question
from pipeline.questions.choice import budget, measure
from pipeline.questions.study import Study
from pipeline.records import Record
from pipeline.science.levels import ALPHA
from pipeline.system.files import read_table, write_table
from tests.asking import dense

Raw = dict[str, Any]
MakeRun = Callable[..., Run]
Errors = Sequence[Sequence[float]]
Tables = dict[str, pd.DataFrame]
QUESTION = Question("choice")
METHODS = ("baseline", "l2", "dropout")
PLACES = {"few": (100, 16, 0.0), "small": (1000, 16, 0.0), "large": (5000, 32, 0.2)}
VALIDATED = {"validation_error": 0.25, "validation_cross_entropy": 0.75}
CURVES = {
    "baseline": ([0.5, 0.4, 0.3, 0.2], [0.9, 0.8, 0.7, 0.6]),
    "early_stopping": ([0.5, 0.1, 0.3], [0.9, 0.4, 0.7]),
}


@pytest.fixture
def cell(tiny_run: MakeRun) -> Callable[[str, str, Errors], Cell]:
    """Make the cell of a method under a condition of PLACES, from its test errors in percent, (D, I)."""

    def make(condition: str, method: str, errors: Errors) -> Cell:
        size, width, noise = PLACES[condition]
        changes: Raw = {"train_size": size, "network": dense(width, 8), "label_noise": noise}
        grid = [
            [
                Record(
                    run=tiny_run(setting=condition, variant=method, split=split, init=init, **changes),
                    history={},
                    final=dict.fromkeys(("test_cross_entropy", "train_error", "train_cross_entropy"), 0.5)
                    | {"test_error": error / 100, "epochs": 3}
                    | VALIDATED,
                    processor="",
                )
                for init, error in enumerate(row)
            ]
            for split, row in enumerate(errors)
        ]
        return Cell(Path(), method, grid)

    return make


ERRORS: dict[str, dict[str, Errors]] = {
    "large": {"baseline": [[5], [6], [7]], "l2": [[5], [6], [7]], "dropout": [[5.5], [6], [8]]},
    "few": {
        "baseline": [[30], [31], [32], [33]],
        "l2": [[31], [30.5], [32], [34]],
        "dropout": [[20], [20.9], [22.1], [23]],
    },
    "small": {
        "baseline": [[10, 12], [11, 13], [12, 14]],
        "l2": [[10, 10], [10.4, 11], [12.4, 12.4]],
        "dropout": [[10, 11], [14, 13], [12.5, 10.5]],
    },
}


@pytest.fixture
def tables(cell: Callable[[str, str, Errors], Cell], monkeypatch: pytest.MonkeyPatch) -> Tables:
    """The tables of ERRORS: `small` is a setting beside another that is not asked about.

    It has a variant more, which the conditions of the question do not have.
    """

    def cells(method: str) -> dict[str, Cell]:
        if method == "norm":  # a variant that the setting alone has
            return {"small": cell("small", method, [[50], [51], [53]])}
        if method not in METHODS:
            return {}
        of_setting = cell("small", method, ERRORS["small"][method])
        return {"another": cell("large", method, [[99]]), "small": of_setting}

    def own(*methods: str) -> Iterator[Cell]:
        for method in methods:
            if method in METHODS:
                yield from (cell(name, method, ERRORS[name][method]) for name in ("large", "few"))

    section = SimpleNamespace(settings=["small"], variants=["l2", "dropout"])
    params = SimpleNamespace(variants={"norm": None, "l2": None, "dropout": None})
    study = SimpleNamespace(section=section, params=params, cells=cells, own=own)
    monkeypatch.setattr(budget, "table", lambda cells: pd.DataFrame({"cells": [len(cells)]}))
    return measure.measure(cast(Study, study))


def by_hand(condition: str) -> dict[str, list[float]]:
    """The errors of every method by training set, (D,)."""
    return {method: [sum(row) / len(row) for row in rows] for method, rows in ERRORS[condition].items()}


def test_a_row_a_run_by_size_width_noise_and_method(tables: Tables) -> None:
    runs = tables["runs"]
    expected = [
        (name, method, split, init, *PLACES[name], pytest.approx(error), True)
        for name in ("few", "small", "large")
        for method in METHODS
        for split, row in enumerate(ERRORS[name][method])
        for init, error in enumerate(row)
    ]
    columns = ["condition", "method", "split", "init", "train_size", "width", "label_noise", "test_error"]
    common = runs[runs.common]
    assert list(common[[*columns, "common"]].itertuples(index=False, name=None)) == expected
    assert runs[~runs.common][["condition", "method"]].drop_duplicates().to_numpy().tolist() == [
        ["small", "norm"]
    ]
    places = runs[["network", "depth", "data", "distractors", "epochs", "batch_size", "validation_size"]]
    assert places.drop_duplicates().to_numpy().tolist() == [["dense", 2, "mnist", 0.0, 3, 32, 100]]
    assert {*runs.validation_error} == {25.0}


def test_every_pair_is_compared_on_the_same_training_sets(tables: Tables) -> None:
    differences = tables["differences"]
    rows = [row for row in differences.itertuples() if "norm" not in (row.first, row.second)]
    pairs = list(itertools.product(("few", "small", "large"), itertools.combinations(METHODS, 2)))
    assert [(row.condition, (row.first, row.second)) for row in rows] == pairs
    for row, (name, (first, second)) in zip(rows, pairs, strict=True):
        a, b = by_hand(name)[first], by_hand(name)[second]
        assert row.n == len(a)
        assert row.estimate == pytest.approx(sum(a) / len(a) - sum(b) / len(b))
        assert row.p_value == pytest.approx(1.0 if a == b else stats.ttest_rel(a, b).pvalue)
    assert len(differences) == len(rows) + len(METHODS)  # `norm` against each of the others


def test_the_winner_has_the_lowest_mean_and_ties_unless_the_difference_is_beyond_chance(
    tables: Tables,
) -> None:
    """`few` has a clear winner; in `large` two are equal, and the first of them is named.

    The comparisons with the winner of a condition are adjusted together: in `small` these are three.
    """
    winners = tables["winners"]
    best = by_hand("small")["l2"]
    others = [by_hand("small")[name] for name in ("baseline", "dropout")] + [[50.0, 51.0, 53.0]]
    p_values = [stats.ttest_rel(best, other).pvalue for other in others]
    adjusted = multipletests(p_values, method="holm")[1]
    assert p_values[0] < ALPHA < adjusted[0]  # the adjustment makes this one a tie
    tied = [name for name, p in zip(("baseline", "dropout", "norm"), adjusted, strict=True) if p > ALPHA]
    assert tied == ["baseline", "dropout"]
    assert winners[["condition", "best", "tied", "n"]].to_numpy().tolist() == [
        ["few", "dropout", "", 4],
        ["small", "l2", "dropout baseline", 3],
        ["large", "baseline", "l2 dropout", 3],
    ]
    assert winners.error.tolist() == pytest.approx([21.5, 33.1 / 3, 6.0])
    axes = winners[["train_size", "width", "label_noise"]].itertuples(index=False, name=None)
    assert list(axes) == list(PLACES.values())


def test_the_other_tables_are_of_the_methods_and_cells_they_should_be(tables: Tables) -> None:
    assert {*tables["regret"].method} == {*METHODS}  # what every condition has
    assert tables["budgets"].cells.tolist() == [4]  # those of `small`


def test_a_budget_counts_what_a_run_has_by_then(tiny_run: MakeRun) -> None:
    """Of four epochs: one, two and all. Early stopping restores its best, and ended after three."""

    def curved(method: str, **changes: Any) -> Cell:
        errors, losses = CURVES.get(method, CURVES["baseline"])
        history = {"validation_error": np.array(errors), "validation_cross_entropy": np.array(losses)}
        run = tiny_run(setting="small", variant=method, **({"epochs": 4} | changes))
        unwatched = Record(run.model_copy(update={"curves": False}), {}, final={}, processor="")
        return Cell(Path(), method, [[Record(run, history, final={}, processor=""), unwatched]])

    cells = [
        curved("baseline"),
        curved("tuned_baseline", epochs=1),
        curved("early_stopping", regularizers={"early_stopping": {"patience": 1}}),
    ]
    found = budget.table(cells)
    rows = found[["method", "share", "epoch", "validation_error"]].itertuples(index=False, name=None)
    assert list(rows) == [
        ("baseline", 0.25, 1, 50.0),
        ("baseline", 0.5, 2, 40.0),
        ("baseline", 1.0, 4, 20.0),
        ("early_stopping", 0.25, 1, 50.0),
        ("early_stopping", 0.5, 2, 10.0),
        ("early_stopping", 1.0, 2, 10.0),
    ]


def test_the_metrics_are_the_means_and_the_number_of_ties(tables: Tables, tmp_path: Path) -> None:
    """Of the tables as they are read back: nothing is an empty cell."""
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.csv", table)
    metrics = QUESTION.metrics({name: read_table(tmp_path / f"{name}.csv") for name in tables})
    assert list(metrics) == ["few", "small", "large"]
    assert metrics["small"].pop("norm") == pytest.approx(154 / 3, abs=1e-4)
    assert metrics["few"] == {"baseline": 31.5, "l2": 31.875, "dropout": 21.5, "tied_with_best": 0}
    assert {name: numbers["tied_with_best"] for name, numbers in metrics.items()} == dict(
        zip(metrics, (0, 2, 2), strict=True)
    )
