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
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from tests import asking
from tests.questions import made

MakeRun = Callable[..., Run]
QUESTION = Question("textbook")
(CLAIM,) = CLAIMS
WITHOUT, WITH = [0.025, 0.027, 0.026], [0.024, 0.024, 0.027]  # test errors, a value an initialisation
LABELS = np.array([0, 0, 0, 1])
CONFIDENCE = {"baseline": 0.9, "dropout": 0.8}  # in class 0, of every image: three of four are of it


@pytest.fixture
def cell(tiny_run: MakeRun) -> Callable[..., Cell]:
    """Make a cell of one training set whose test errors, by initialisation, are those given."""

    def make(variant: str, errors: list[float], setting: str = "notebook") -> Cell:
        losses = {"test_cross_entropy": 0.5, "train_cross_entropy": 0.1, "train_error": 0.0, "epochs": 5}
        records = [
            Record(
                tiny_run(setting=setting, variant=variant, init=init, validation_size=0, key=variant),
                history={},
                final=losses | {"test_error": error},
                processor="",
            )
            for init, error in enumerate(errors)
        ]
        return Cell(Path(), variant, [records])

    return make


@pytest.fixture(autouse=True)
def predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every run of a variant puts out for the test images: CONFIDENCE."""

    def read(root: Path, stage: str, key: str) -> np.ndarray:
        return np.log([[CONFIDENCE[key], 1 - CONFIDENCE[key]]] * len(LABELS))

    monkeypatch.setattr("pipeline.records.read_logits", read)
    monkeypatch.setattr(made.MadeStudy, "images", lambda study, run: SimpleNamespace(test_labels=LABELS))


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
        "calibration_error",
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
    names = ["test_error", "test_cross_entropy", "cross_entropy_gap", "calibration_error"]
    assert list(numbers) == [*names, "pairs_needed"]
    falls = np.array([-0.1, -0.3, 0.1])
    arm = 4.302653 * falls.std(ddof=1) / np.sqrt(3)  # Student's t at 97.5 %, 2 degrees of freedom
    assert numbers["test_error"] == pytest.approx(
        {"difference": -0.1, "low": -0.1 - arm, "high": -0.1 + arm}, abs=1e-6
    )
    assert numbers["pairs_needed"] == comparison.replicates_needed(float(falls.std(ddof=1)), 0.2)
    assert numbers["test_cross_entropy"]["difference"] == 0


def test_error_loss_and_calibration_are_compared(tables: dict[str, pd.DataFrame]) -> None:
    """Confidence .9 and .8 where three of four are right: 15 and 5 points off."""
    rows = tables["compared"].set_index("metric")
    calibration = rows.loc["calibration_error"]
    columns = ["baseline", "dropout", "difference", "low", "high"]
    assert calibration[columns].tolist() == pytest.approx([15.0, 5.0, -10.0, -10.0, -10.0])
    assert (calibration.label, calibration.unit, calibration.n) == ("calibration error", "points", 3)
    error = rows.loc["test_error"]
    assert error[columns[:3]].tolist() == pytest.approx([2.6, 2.5, -0.1])
    assert (error.label, error.unit) == ("test error", "points")
    assert rows.loc["test_cross_entropy"].unit == "nats"


def test_without_the_setting_or_without_dropout_in_it_nothing_is_paired(cell: Callable[..., Cell]) -> None:
    baseline = {"notebook": cell("baseline", WITHOUT)}
    for cells in (
        {},
        {"baseline": baseline},
        {"baseline": baseline, "dropout": {"small": cell("dropout", WITH)}},
    ):
        tables = measure.measure(made.study(Path(), cells))
        assert tables["pairs"].empty
        assert tables["compared"].empty
        assert measure.metrics(tables) == {}
        assert draw(tables) == {}
        assert CLAIM.evidence(tables) == []
        assert CLAIM.finding(tables, []) == ""


# ---- the rule ----


def test_the_evidence_is_by_how_much_dropout_lowers_the_error(tables: dict[str, pd.DataFrame]) -> None:
    mean, median = CLAIM.evidence(tables)
    for piece in (mean, median):
        assert (piece.condition, piece.unit, piece.n, piece.margin) == (
            "dropout in notebook",
            "points",
            3,
            0.2,
        )
        assert piece.estimate == pytest.approx(0.1)  # of .1, .3 and -.1
    assert (mean.endpoint, mean.test) == ("mean of the test error", "t")
    assert (median.endpoint, median.test) == ("median of the test error", "median")


def pairs_of(falls: np.ndarray) -> dict[str, pd.DataFrame]:
    """The tables of pairs in which dropout lowers the error by so much."""
    pairs = pd.DataFrame(
        {"metric": "test_error", "split": 0, "init": range(len(falls)), "difference": -falls}
    )
    return {"pairs": pairs}


CORE = np.random.default_rng(0).permutation(np.linspace(-0.25, 0.25, 25))  # a spread of .15 points


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, Verdict.REFUTED), (0.2, Verdict.SUPPORTED), (-0.2, Verdict.REFUTED)]
)
def test_twenty_five_pairs_decide_a_difference_of_the_margin_and_that_there_is_none(
    shift: float, verdict: Verdict
) -> None:
    evidence = CLAIM.judged_by(pairs_of(CORE + shift))
    assert CLAIM.verdict(evidence) is verdict
    outcome = {0.0: Outcome.ABSENT, 0.2: Outcome.HOLDS, -0.2: Outcome.REVERSED}[shift]
    assert [piece.outcome for piece in evidence] == [outcome] * 2


def test_one_bad_ending_alone_does_not_make_dropout_help() -> None:
    """A run without dropout that ends badly: the mean is no longer sure, the median is."""
    falls = np.append(CORE[1:], 3.0)
    mean, median = evidence = CLAIM.judged_by(pairs_of(falls))
    assert (mean.outcome, median.outcome) == (Outcome.UNKNOWN, Outcome.ABSENT)
    assert CLAIM.verdict(evidence) is Verdict.INCONCLUSIVE
    told = CLAIM.finding(pairs_of(falls), evidence)
    rest = CORE[1:].mean()
    assert f"Without the pair farthest from the median, of 3.00, the mean is {rest:z.2f}." in told
    needed = comparison.replicates_needed(float(falls.std(ddof=1)), 0.2)
    assert told.endswith(f"so that 0.2 points would take {needed} pairs.")


def test_the_limits_of_the_median_are_those_of_two_endpoints() -> None:
    """Of 25 pairs, 2 * P(at most 6) = .015 is below .025, and 2 * P(at most 7) = .043 is not."""
    _, median = CLAIM.evidence(pairs_of(CORE))
    ordered = np.sort(CORE)
    assert (median.low, median.high) == (ordered[6], ordered[-7])


# ---- the answer ----


def asked(params: Params) -> Any:
    return cast(Any, SimpleNamespace(params=params))


def evidence(*outcomes: str) -> pd.DataFrame:
    place = "dropout in notebook"
    rows = made.evidence(("8", place, "mean of it", 0.125), ("8", place, "median of it", 0.25))
    return rows.assign(n=10, margin=0.2, outcome=list(outcomes))


def test_the_answer_has_the_numbers_of_the_evidence(
    edited: Callable[..., dict[str, Any]], raw_params: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> None:
    params = asking.check(edited({"settings.notebook": raw_params["settings"]["blind"]}))
    values = answer.values(asked(params), tables, evidence("holds", "holds"))
    assert values["answer"] == (
        "In the textbook program Dropout(0.2) lowers the test error. Over 10 replicates it lowers the error "
        "by 0.12 [-0.12, 0.62] points in the mean and by 0.25 [0.00, 0.75] in the median. Differences within "
        "0.2 points count as none, by one-sided tests, whose interval is narrower."
    )
    assert values["program"].startswith(
        "50 images of `mnist`, hidden layers 16-8 (relu), sgd at 0.1, batches of 10, 3 epochs"
    )
    page = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    assert page.startswith(f"**{values['answer']}**")
    assert f"The program here, the setting `notebook`: {values['program']}." in page
    assert "| calibration error, % | 15.00 | 5.00 | -10.00 [-10.00, -10.00] |\n" in page
    assert "| test cross-entropy, nats | 0.5000 | 0.5000 | +0.0000 [+0.0000, +0.0000] |\n" in page
    links = re.findall(r"\(questions/textbook/(\S+)\)", page)
    assert links == [*(f"{name}.png" for name in draw(tables)), *(f"{name}.csv" for name in tables)]


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (("reversed", "reversed"), "raises the test error."),
        (("absent", "absent"), "makes no difference of note to the test error."),
        (("unknown", "absent"), "It is not settled whether Dropout(0.2) lowers the test error"),
        (("unknown", "unknown"), "It is not settled whether Dropout(0.2) lowers the test error"),
    ],
)
def test_the_answer_says_what_mean_and_median_agree_on(
    raw_params: dict[str, Any], tables: dict[str, pd.DataFrame], outcomes: tuple[str, str], said: str
) -> None:
    values = answer.values(asked(asking.check(raw_params)), tables, evidence(*outcomes))
    assert said in values["answer"]


def test_without_the_setting_nothing_is_said_or_shown(raw_params: dict[str, Any]) -> None:
    tables = measure.measure(made.study(Path(), {}))
    values = answer.values(asked(asking.check(raw_params)), tables, evidence("holds", "holds").iloc[:0])
    assert values == {"program": "", "answer": "", "rows": [], "drawn": False}
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
    mean, median = differences.containers
    assert [float(values[0]) for values in mean[0].get_data()] == pytest.approx([-0.1, 1])
    assert [float(values[0]) for values in median[0].get_data()] == pytest.approx([-0.1, 2])
    assert figure.get_suptitle().startswith("Dropout(0.2) changes the test error by -0.10 points on average")
    (band,) = differences.patches
    assert band.get_extents().transformed(differences.transData.inverted()).x0 == pytest.approx(-0.2)
    assert band.get_extents().transformed(differences.transData.inverted()).x1 == pytest.approx(0.2)


def test_a_pair_that_lies_far_from_all_others_is_named(tables: dict[str, pd.DataFrame]) -> None:
    def texts(given: dict[str, pd.DataFrame]) -> list[str]:
        return [text.get_text() for axis in draw(given)["figure"].axes for text in axis.texts]

    assert texts(tables) == []
    near = [0.1 * place for place in range(10)]
    rows = [
        {"metric": "test_error", "split": 0, "init": init, "baseline": 9.0, "dropout": 9.0 + change}
        | {"difference": change}
        for init, change in enumerate([*near, 50.0])
    ]
    assert texts({"pairs": pd.DataFrame(rows)}) == ["initialisation 10"] * 2
    assert texts({"pairs": pd.DataFrame(rows[:10])}) == []


def test_the_question_reads_two_stages(raw_params: dict[str, Any]) -> None:
    assert QUESTION.title == "Does dropout help in the textbook program?"
    raw_params["variants"]["dropout"] = {"dropout": {"rate": 0.2}}
    assert QUESTION.reads(asking.check(raw_params)) == ["baseline", "dropout"]
