"""The textbook program: what is paired, the rule, the figure and the answer, from records by hand."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pipeline.drawing.style import VARIANTS
from pipeline.evaluation.cells import Cell
from pipeline.params import Params
from pipeline.plan import Run
from pipeline.questions import Question
from pipeline.questions.textbook import answer, measure
from pipeline.questions.textbook.claims import CLAIMS
from pipeline.questions.textbook.draw import draw
from pipeline.records import Record
from pipeline.science import comparison
from pipeline.science.levels import PERCENT
from pipeline.system import markdown
from tests import asking
from tests.questions import made

MakeRun = Callable[..., Run]
QUESTION = Question("textbook")
(CLAIM,) = CLAIMS
WITHOUT, WITH = [0.025, 0.027, 0.026], [0.024, 0.024, 0.027]  # test errors, a value an initialisation


@pytest.fixture
def cell(tiny_run: MakeRun) -> Callable[..., Cell]:
    """Make a cell of one training set whose test errors, by initialisation, are those given."""

    def make(variant: str, errors: list[float], setting: str = "notebook") -> Cell:
        losses = {"test_cross_entropy": 0.5, "train_cross_entropy": 0.1, "train_error": 0.0, "epochs": 5}
        records = [
            Record(
                tiny_run(setting=setting, variant=variant, init=init, validation_size=0),
                history={},
                final=losses | {"test_error": error},
                processor="",
            )
            for init, error in enumerate(errors)
        ]
        return Cell(Path(), variant, [records])

    return make


@pytest.fixture
def tables(cell: Callable[..., Cell]) -> dict[str, pd.DataFrame]:
    """The pairs of WITHOUT and WITH; `small`, where both were run too, is left out."""
    cells = {
        variant: {"small": cell(variant, [0.1], "small"), "notebook": cell(variant, errors)}
        for variant, errors in (("baseline", WITHOUT), ("dropout", WITH))
    }
    return measure.measure(made.study(Path(), cells))


def errors_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return tables["pairs"][tables["pairs"].metric == "test_error"]


# ---- what is paired ----


def test_the_runs_are_paired_init_by_init(tables: dict[str, pd.DataFrame]) -> None:
    assert tables["pairs"].metric.unique().tolist() == [
        "test_error",
        "test_cross_entropy",
        "cross_entropy_gap",
    ]
    rows = errors_of(tables).drop(columns="metric").to_numpy()
    expected = [
        [0, init, 100 * w, 100 * wo, 100 * w - 100 * wo]
        for init, (wo, w) in enumerate(zip(WITHOUT, WITH, strict=True))
    ]
    assert rows == pytest.approx(np.array(expected))
    assert tables["pairs"][tables["pairs"].metric == "cross_entropy_gap"].dropout.to_numpy() == pytest.approx(
        0.4
    )


def test_the_metrics_are_mean_differences_with_their_limits(tables: dict[str, pd.DataFrame]) -> None:
    numbers = measure.metrics(tables)
    assert list(numbers) == ["test_error", "pairs_needed", "test_cross_entropy", "cross_entropy_gap"]
    falls = np.array([-0.1, -0.3, 0.1])
    arm = 4.302653 * falls.std(ddof=1) / np.sqrt(3)  # Student's t at 97.5 %, 2 degrees of freedom
    assert numbers["test_error"] == pytest.approx(
        {"difference": -0.1, "low": -0.1 - arm, "high": -0.1 + arm}, abs=1e-6
    )
    assert numbers["pairs_needed"] == comparison.replicates_needed(float(falls.std(ddof=1)), 0.1)
    assert numbers["test_cross_entropy"]["difference"] == 0


def test_without_the_setting_or_without_dropout_in_it_nothing_is_paired(cell: Callable[..., Cell]) -> None:
    baseline = {"notebook": cell("baseline", WITHOUT)}
    for cells in (
        {},
        {"baseline": baseline},
        {"baseline": baseline, "dropout": {"small": cell("dropout", WITH)}},
    ):
        tables = measure.measure(made.study(Path(), cells))
        assert tables["pairs"].empty
        assert measure.metrics(tables) == {}
        assert draw(tables) == {}
        assert CLAIM.evidence(tables) == []
        assert CLAIM.finding(tables, []) == ""


# ---- the rule ----


def test_the_evidence_is_by_how_much_dropout_lowers_the_error(tables: dict[str, pd.DataFrame]) -> None:
    (piece,) = CLAIM.evidence(tables)
    assert (piece.condition, piece.unit, piece.n, piece.margin) == ("dropout in notebook", "points", 3, 0.1)
    assert piece.estimate == pytest.approx(0.1)


def test_the_finding_says_how_many_pairs_it_would_take(tables: dict[str, pd.DataFrame]) -> None:
    (piece,) = CLAIM.evidence(tables)
    needed = measure.metrics(tables)["pairs_needed"]
    assert CLAIM.finding(tables, [piece]).startswith(
        f"Dropout lowers the error by 0.10 [{piece.low:.2f}, {piece.high:.2f}] points over 3 "
        f"initialisations; to see 0.1 points would take {needed}, for the difference varies by 0.20 points "
        "from one to the next. "
    )


# ---- the answer ----


def asked(params: Params) -> Any:
    return cast(Any, SimpleNamespace(params=params))


def evidence() -> pd.DataFrame:
    table = made.evidence(("8", "dropout in notebook", "test error", 0.125))
    return table.assign(n=10, margin=0.1)


def test_the_answer_has_the_numbers_of_the_evidence(
    edited: Callable[..., dict[str, Any]], raw_params: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> None:
    params = asking.check(edited({"settings.notebook": raw_params["settings"]["blind"]}))
    values = answer.values(asked(params), tables, evidence())
    assert values["answer"] == (
        "Over 10 replicates dropout lowered the test error by 0.12 [-0.12, 0.62] points; differences within "
        "0.1 points count as none."
    )
    assert values["program"].startswith(
        "50 images of `mnist`, hidden layers 16-8 (relu), sgd at 0.1, batches of 10, 3 epochs"
    )
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    assert f"The program here, the setting `notebook`: {values['program']}.\n{values['answer']}\n" in page
    links = re.findall(r"\(questions/textbook/(\S+)\)", page)
    assert links == [*(f"{name}.png" for name in draw(tables)), *(f"{name}.csv" for name in tables)]


def test_without_the_setting_nothing_is_said_or_shown(raw_params: dict[str, Any]) -> None:
    tables = measure.measure(made.study(Path(), {}))
    values = answer.values(asked(asking.check(raw_params)), tables, evidence().iloc[:0])
    assert values == {"program": "", "answer": "", "drawn": False}
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    assert "notebook" not in page
    assert "figure.png" not in page


# ---- the figure ----


def test_the_pairs_and_their_difference_are_drawn(tables: dict[str, pd.DataFrame]) -> None:
    figure = draw(tables)["figure"]
    pairs, differences = figure.axes
    *lines, without, with_ = [
        (np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in pairs.lines
    ]
    assert [y.tolist() for _, y in lines] == errors_of(tables)[["baseline", "dropout"]].to_numpy().tolist()
    assert {tuple(x) for x, _ in lines} == {(0, 1)}
    assert without[1] == pytest.approx(100 * np.array(WITHOUT))
    assert with_[1] == pytest.approx(100 * np.array(WITH))
    assert [to_hex(line.get_color()) for line in pairs.lines[-2:]] == [
        VARIANTS["baseline"],
        VARIANTS["dropout"],
    ]
    (mean,) = differences.containers
    assert [float(values[0]) for values in mean[0].get_data()] == pytest.approx([-0.1, 1])
    (band,) = differences.patches
    assert band.get_extents().transformed(differences.transData.inverted()).x0 == pytest.approx(-0.1)
    assert band.get_extents().transformed(differences.transData.inverted()).x1 == pytest.approx(0.1)


def test_the_question_reads_two_stages(raw_params: dict[str, Any]) -> None:
    assert QUESTION.title == "Does dropout help in the textbook program?"
    raw_params["variants"]["dropout"] = {"dropout": {"rate": 0.2}}
    assert QUESTION.reads(asking.check(raw_params)) == ["baseline", "dropout"]
