"""The figure and the answer on batch normalization, from made-up tables."""

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pipeline.drawing.style import VARIANTS
from pipeline.questions.base import Question
from pipeline.questions.batch_norm import answer
from pipeline.questions.batch_norm.draw import draw
from pipeline.questions.study import Study
from pipeline.science.levels import PERCENT
from pipeline.system import markdown
from tests.questions import made

# ---- its figure ----


def drawn(shifts: list[list[float]]) -> Any:
    """The figure of a training set a row of shifts, an epoch a column; the last set diverges at rate 1."""
    splits, rates = range(len(shifts)), (0.1, 1.0)
    place = {"network": "relu", "variant": "baseline"}
    runs = [
        place
        | {"split": split, "learning_rate": rate, "validation_error": 10.0 + split}
        | {"diverged": rate == 1.0 and split == splits[-1]}
        for split in splits
        for rate in rates
    ]
    rows = [
        place | {"split": split, "layer": "logits", "epoch": 1 + epoch, "shift_relative": value}
        for split in splits
        for epoch, value in enumerate(shifts[split])
    ]
    figure = draw({"runs": pd.DataFrame(runs), "shift": pd.DataFrame(rows)})["figure"]
    figure.savefig(io.BytesIO(), format="png")  # what is not finite fails when it is drawn
    return figure


def line_of(axis: Any, place: int = 0) -> tuple[list[float], list[float]]:
    x, y = axis.get_lines()[place].get_data()
    return np.asarray(x, float).tolist(), np.asarray(y, float).tolist()


def test_the_errors_are_means_and_a_cross_marks_what_diverged() -> None:
    upper, _ = drawn([[1.0], [2.0], [3.0]]).axes
    assert upper.get_title() == "relu"
    assert line_of(upper) == ([0.1, 1.0], [11.0, 11.0])
    assert line_of(upper, 1) == ([1.0], [12.0])
    assert {to_hex(line.get_color()) for line in upper.get_lines()} == {VARIANTS["baseline"]}


def test_a_network_that_stands_still_is_left_out() -> None:
    _, lower = drawn([[1.0, 1.0, 0.0, 0.0], [100.0, 1.0, 10.0, 0.0], [10.0, 1.0, 1000.0, 5.0]]).axes
    # Geometric means: of three, of three, of the two that still move; in epoch 4 a single one does.
    epochs, means = line_of(lower)
    assert epochs == [1, 2, 3]
    assert means == pytest.approx([10.0, 1.0, 100.0])


def test_a_network_that_blew_up_is_left_out() -> None:
    gone = [1.0, np.inf, np.nan, np.nan]
    _, lower = drawn([gone, [1.0, 10.0, 1.0, 1.0], [1.0, 1000.0, 100.0, 1.0]]).axes
    assert line_of(lower)[1] == pytest.approx([1.0, 100.0, 10.0, 1.0])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_there_may_be_nothing_to_draw(value: float) -> None:
    _, lower = drawn([[value] * 4] * 3).axes
    assert lower.get_lines()[:] == []


# ---- its answer ----


def values(differences: pd.DataFrame, evidence: pd.DataFrame) -> dict[str, Any]:
    section = SimpleNamespace(
        rates=[0.5, 1e-4, 10.0], optimizer="sgd", epochs=1, shift=SimpleNamespace(learning_rate=0.05)
    )
    study = cast(Study, SimpleNamespace(section=section))
    return answer.values(study, {"study/differences": differences, "summary": SUMMARY}, evidence)


# The largest rates that work, on three training sets.
SUMMARY = pd.DataFrame(
    {"network": network, "variant": variant, "split": split, "largest_usable": rate}
    for network, variant, rates in (
        ("relu", "baseline", (0.3, 1.0, 1.0)),
        ("relu", "batch_norm", (3.0, 3.0, 10.0)),
        ("tanh", "baseline", (0.1, 0.1, 0.1)),
        ("tanh", "batch_norm", (0.1, 0.1, 0.3)),
    )
    for split, rate in enumerate(rates)
)


DIFFERENCES = pd.DataFrame(
    {"setting": "small", "variant": variant, "metric": "test_error", "reference": reference}
    | {"estimate": estimate, "low": estimate - 0.05, "high": estimate + 0.1}
    for reference, variant, estimate in (
        ("tuned_baseline", "batch_norm", 9.26),
        ("baseline", "l2", 1.0),
        ("baseline", "batch_norm", 0.984),
    )
)
EVIDENCE = made.evidence(
    ("7a", "relu", "rates at which it works", 2.0),
    ("7b", "relu", "largest rate that works", 1.0),
    ("7b", "tanh", "largest rate that works", 0.0),
    ("7d", "small", "gap in cross-entropy", 1.0),
    ("7d", "small", "test error, against the baseline", -1.0),
    ("7d", "noisy", "gap in cross-entropy", -1.0),
    ("7d", "fashion", "gap in cross-entropy", -1.0),
).assign(outcome=["holds", "holds", "unknown", "holds", "reversed", "reversed", "reversed"])


def test_the_answer_has_the_numbers_of_the_tables() -> None:
    """Normalization is held against the network without it, though that may be tuned elsewhere."""
    assert [made.facts(sentence) for sentence in values(DIFFERENCES, EVIDENCE)["sentences"]] == [
        "3 `relu` 1 0.1 `tanh` 0.1",
        "+0.98 +0.93 +1.08 `small`",
    ]


def test_the_answer_comes_first_and_names_where_it_was_seen() -> None:
    assert values(DIFFERENCES, EVIDENCE)["answer"] == (
        "Batch normalization lets the `relu` network train at more and at higher learning rates. Its gap "
        "between train and unseen loss is narrower in `small` and wider in `noisy` and `fashion`."
    )
    unknown = EVIDENCE.assign(outcome="unknown")
    assert values(DIFFERENCES, unknown)["answer"] == (
        "It is not settled whether batch normalization lets a network train at higher learning rates."
    )


def test_without_batch_normalization_nothing_is_said() -> None:
    nothing = values(DIFFERENCES.iloc[:0], EVIDENCE.iloc[:0])
    assert (nothing["answer"], nothing["sentences"]) == ("", [])


@pytest.mark.parametrize("rows", [0, 3])
def test_the_answer_explains_and_describes_its_figure(rows: int) -> None:
    filled = {"percent": PERCENT} | values(DIFFERENCES.iloc[:rows], EVIDENCE.iloc[:rows])
    text = markdown.render(Question("batch_norm").template, filled)
    assert text.count("\n- ") == len(filled["sentences"])
    assert "from 0.0001 to 10 with\nsgd, 1 epoch, with 95 % bands" in text
    for path in re.findall(r"\]\(questions/batch_norm/(\w+\.\w+)\)", text):
        assert Path(path).stem in ("figure", "runs", "summary", "shift", "chain")
