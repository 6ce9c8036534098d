"""The choice: the tables of records by hand, and its metrics."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline.evaluation.cells import Cell
from pipeline.plan import Run
from pipeline.questions.base import Question
from pipeline.questions.choice import measure
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
                    | {"test_error": error / 100, "epochs": 3},
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
        "l2": [[10, 10], [10.4, 11], [12.2, 12.2]],
        "dropout": [[10, 11], [14, 13], [12.5, 10.5]],
    },
}


@pytest.fixture
def tables(cell: Callable[[str, str, Errors], Cell]) -> Tables:
    """The tables of ERRORS: `small` is a setting beside another that is not asked about."""

    def cells(method: str) -> dict[str, Cell]:
        of_setting = cell("small", method, ERRORS["small"][method])
        return {"another": cell("large", method, [[99]]), "small": of_setting}

    def own(*methods: str) -> Iterator[Cell]:
        for method in methods:
            yield from (cell(name, method, ERRORS[name][method]) for name in ("large", "few"))

    section = SimpleNamespace(settings=["small"], variants=["l2", "dropout"])
    study = SimpleNamespace(section=section, cells=cells, own=own)
    return measure.measure(cast(Study, study))


def by_hand(condition: str) -> dict[str, list[float]]:
    """The errors of every method by training set, (D,)."""
    return {method: [sum(row) / len(row) for row in rows] for method, rows in ERRORS[condition].items()}


def test_a_row_a_run_by_size_width_noise_and_method(tables: Tables) -> None:
    runs = tables["runs"]
    expected = [
        (name, method, split, init, *PLACES[name], pytest.approx(error))
        for name in ("few", "small", "large")
        for method in METHODS
        for split, row in enumerate(ERRORS[name][method])
        for init, error in enumerate(row)
    ]
    columns = ["condition", "method", "split", "init", "train_size", "width", "label_noise", "test_error"]
    assert list(runs[columns].itertuples(index=False, name=None)) == expected


def test_every_pair_is_compared_on_the_same_training_sets(tables: Tables) -> None:
    differences = tables["differences"]
    pairs = list(itertools.product(("few", "small", "large"), itertools.combinations(METHODS, 2)))
    rows = list(differences.itertuples())
    assert [(row.condition, (row.first, row.second)) for row in rows] == pairs
    p_values = []
    for row, (name, (first, second)) in zip(rows, pairs, strict=True):
        assert (row.train_size, row.width, row.label_noise) == PLACES[name]
        a, b = by_hand(name)[first], by_hand(name)[second]
        assert row.n == len(a)
        assert row.estimate == pytest.approx(sum(a) / len(a) - sum(b) / len(b))
        p_values.append(1.0 if a == b else stats.ttest_rel(a, b).pvalue)
    assert differences.p_value.tolist() == pytest.approx(p_values)
    # over all pairs and conditions together
    assert differences.p_holm.tolist() == pytest.approx(multipletests(p_values, method="holm")[1])


def test_the_winner_has_the_lowest_mean_and_ties_unless_the_difference_is_beyond_chance(
    tables: Tables,
) -> None:
    """`few` has a clear winner; in `large` two are equal, and the first of them is named.

    In `small` the difference of `l2` to the baseline is beyond chance before it is adjusted, not after.
    """
    winners, pairs = tables["winners"], tables["differences"]
    (row,) = pairs[(pairs.condition == "small") & (pairs.second == "l2")].itertuples()
    assert row.p_value < ALPHA < row.p_holm
    assert winners[["condition", "best", "tied"]].to_numpy().tolist() == [
        ["few", "dropout", ""],
        ["small", "l2", "dropout baseline"],
        ["large", "baseline", "l2 dropout"],
    ]
    assert winners.error.tolist() == pytest.approx([21.5, 32.9 / 3, 6.0])
    axes = winners[["train_size", "width", "label_noise"]].itertuples(index=False, name=None)
    assert list(axes) == list(PLACES.values())


def test_the_metrics_are_the_means_and_the_number_of_ties(tables: Tables, tmp_path: Path) -> None:
    """Of the tables as they are read back: nothing is an empty cell."""
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.csv", table)
    metrics = QUESTION.metrics({name: read_table(tmp_path / f"{name}.csv") for name in tables})
    assert list(metrics) == ["few", "small", "large"]
    assert metrics["few"] == {"baseline": 31.5, "l2": 31.875, "dropout": 21.5, "tied_with_best": 0}
    assert {name: numbers["tied_with_best"] for name, numbers in metrics.items()} == dict(
        zip(metrics, (0, 2, 2), strict=True)
    )
