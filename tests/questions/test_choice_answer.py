"""The choice: the answer and the figures, from made-up tables."""

import io
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pipeline.drawing.style import BIAS, LINE, VARIANTS
from pipeline.questions.base import Question
from pipeline.questions.choice import answer
from pipeline.questions.choice.draw import TIES, draw
from pipeline.questions.study import Study
from pipeline.science.levels import PERCENT
from pipeline.system import markdown
from tests.questions.choosing import PLACE, runs

Tables = dict[str, pd.DataFrame]
QUESTION = Question("choice")

WINNERS = pd.DataFrame(
    [
        PLACE | {"condition": "a", "n": 6, "best": "dropout", "error": 9.126, "tied": "l2 baseline"},
        PLACE
        | {"condition": "b", "label_noise": 0.2, "distractors": 1.0}
        | {"n": 16, "best": "baseline", "error": 5.0, "tied": None},
    ]
)
EVIDENCE = pd.DataFrame(
    {
        "claim": ["9a", "9a", "9b", "9b", "9c", "9x"],
        "condition": ["data size", "data set", "width", "depth", "small", "wrong labels"],
        "outcome": ["unknown", "holds", "holds", "absent", "holds", "unknown"],
        "endpoint": [
            "none",
            "l2 and drop change places between a and b",
            "l1 and l2 change places",
            "",
            "",
            "",
        ],
    }
)
LOSS, ERROR = "validation_cross_entropy", "validation_error"


def regret(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["criterion", "method", "conditions", "estimate"])
    return table.assign(condition="every condition", low=table.estimate - 0.1, high=table.estimate + 0.2, n=6)


REGRET = regret(
    (LOSS, "baseline", 12, 9.0),
    (LOSS, "l2", 12, 0.504),
    (LOSS, "dropout", 12, 0.126),
    (LOSS, "batch_norm", 11, 3.0),
    (ERROR, "l2", 12, 0.3),
    (ERROR, "dropout", 12, -0.2),
)
BUDGETS = pd.DataFrame(
    {
        "condition": "small",
        "split": split,
        "share": share,
        "method": method,
        "validation_error": error + split,
    }
    for split in (0, 2)
    for share, errors in ((0.25, (8.0, 9.0)), (1.0, (7.0, 6.0)))
    for method, error in zip(("l2", "dropout"), errors, strict=True)
)


@pytest.fixture
def tables() -> Tables:
    alone = runs(("start", {}, {"baseline": [1.0, 2.0], "l2": [1.0, 3.0]}))
    return {"winners": WINNERS, "regret": REGRET, "budgets": BUDGETS, "runs": alone}


def study(candidates: int = 2, trials: int = 1) -> Study:
    """A study of which the section is read."""
    section = SimpleNamespace(candidates=list(range(candidates)), trials=trials)
    return cast(Study, SimpleNamespace(section=section))


def test_the_answer_says_on_what_the_choice_depends(tables: Tables) -> None:
    assert answer.values(study(), tables, EVIDENCE)["sentence"] == (
        "Two methods change places beyond chance with the data set (l2 and drop) and width (l1 and l2). "
        "Whatever the depth, one method is the best. Whether the choice depends on the data size or wrong "
        "labels cannot be told from chance."
    )
    nothing = answer.values(study(), tables, EVIDENCE.assign(outcome="unknown"))["sentence"]
    assert nothing == (
        "Whether the choice depends on the data size, data set, width, depth or wrong labels cannot be told "
        "from chance."
    )
    assert answer.values(study(), tables, EVIDENCE.iloc[:0])["sentence"] == ""


def test_the_answer_says_what_a_fixed_choice_costs(tables: Tables) -> None:
    """Of the variants that all conditions have; the choice is among all methods."""
    assert answer.fixed_choice(tables["regret"]) == (
        "Always taking `dropout` costs 0.13 points more test error than choosing among 4 methods, the "
        "baselines included, by the validation loss, and always taking `l2` costs 0.50 points more (means "
        "over the 12 conditions that have all of these)."
    )
    cheaper = REGRET.assign(estimate=REGRET.estimate - 0.2)
    assert "Always taking `dropout` costs 0.07 points less test" in answer.fixed_choice(cheaper)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_there_is_no_sentence_where_fewer_than_two_can_be_fixed(left: int) -> None:
    assert answer.fixed_choice(REGRET.iloc[:left]) == ""


def test_a_row_a_condition() -> None:
    first, second = answer.by_conditions(WINNERS).to_dict("records")
    assert list(first.values()) == [
        *("`a`", "1,000 of `mnist`", "dense, 1 x 8", "0%", "0%", "6", "`dropout`", "9.13", "`l2`, `baseline`")
    ]
    assert list(second.values())[3:] == ["20%", "100%", "16", "`baseline`", "5.00", "none"]


def test_a_row_a_fixed_choice(tables: Tables) -> None:
    rows = answer.regrets(REGRET[REGRET.method.isin(["l2", "dropout"])])
    assert rows.columns.tolist() == [
        "always",
        "conditions",
        "against choosing by validation cross entropy, points",
        "against choosing by validation error, points",
    ]
    assert rows.to_numpy().tolist() == [
        ["`l2`", "12", "+0.50 [+0.40, +0.70]", "+0.30 [+0.20, +0.50]"],
        ["`dropout`", "12", "+0.13 [+0.03, +0.33]", "-0.20 [-0.30, +0.00]"],
    ]


def test_what_is_ahead_when_a_share_of_the_epochs_is_over(tables: Tables) -> None:
    """The errors are one higher than given: the mean over two training sets."""
    assert answer.budgets(BUDGETS).to_dict("records") == [
        {
            "setting": "`small`",
            "25% of the epochs": "`l2` (9.00 %)",
            "100% of the epochs": "`dropout` (7.00 %)",
        }
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [((2, 1), ("2 candidates", "1 training set.")), ((1, 3), ("1 candidate for", "3 training sets."))],
)
def test_the_page_has_the_figure_and_the_tables(
    tables: Tables, counts: tuple[int, int], said: tuple[str, ...]
) -> None:
    values = answer.values(study(*counts), tables, EVIDENCE)
    text = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    assert all(words in text for words in said)
    assert text.startswith(f"**{values['sentence']}**\n{values['regret']}\n")
    names = ("map.png", "winners.csv", "differences.csv", "regret.csv", "budgets.csv")
    assert re.findall(r"\]\(([^)\s]+)\)", text) == [f"questions/choice/{name}" for name in names]
    for name in ("by_conditions", "regrets", "budgets"):
        assert markdown.table(values[name]) in text


# ---- its figure ----

CHANGES = {"baseline": (0.0, 0.0, 0.0), "l2": (-1.0, -2.0, -3.0), "dropout": (2.0, 1.0, 0.0)}
CONDITIONS = {
    "start": {},
    "few": {"train_size": 100},
    "wide": {"width": 32},
    "deep": {"depth": 4},
    "large": {"width": 32, "depth": 4},
}


def drawn() -> dict[str, Any]:
    """Five conditions: `start` and `few` differ in size, and the other three make a grid with `start`."""
    table = runs(
        *(
            (name, changes, {m: [10 + split + c for split, c in enumerate(by)] for m, by in CHANGES.items()})
            for name, changes in CONDITIONS.items()
        ),
        ("start", {}, {"mixup": [30.0, 31.0, 32.0]}),
        rare=["mixup"],
    )
    winners = pd.DataFrame(
        PLACE
        | changes
        | {"condition": name, "best": "l2", "tied": "mixup baseline" if name == "start" else None}
        for name, changes in CONDITIONS.items()
    )
    figures = draw({"runs": table, "winners": winners})
    for figure in figures.values():
        figure.savefig(io.BytesIO(), format="png")
    return {name: figure.axes[0] for name, figure in figures.items()}


def test_the_change_by_data_size_is_a_line_a_method() -> None:
    sizes = drawn()["sizes"]
    zero, *lines = [line for line in sizes.get_lines() if line.get_linestyle() != "None"]
    assert set(np.asarray(zero.get_ydata())) == {0}
    assert [line.get_label() for line in lines] == ["l2", "dropout"]
    for line, change in zip(lines, (-2.0, 1.0), strict=True):
        assert sorted(np.asarray(line.get_xdata()).tolist()) == [100, 1000]
        assert np.asarray(line.get_ydata()).tolist() == pytest.approx([change, change])
        assert to_hex(line.get_color()) == VARIANTS[line.get_label()]
    assert [text.get_text() for text in sizes.get_xticklabels()] == ["100", "1,000"]


def test_the_gain_of_dropout_is_a_line_a_width() -> None:
    gains = drawn()["gains"]
    labelled = {line.get_label(): line for line in gains.get_lines() if "units" in str(line.get_label())}
    assert [*labelled] == ["8 units", "32 units"]
    for line in labelled.values():
        assert np.asarray(line.get_ydata()).tolist() == pytest.approx([-1.0, -1.0])
    assert [text.get_text() for text in gains.get_xticklabels()] == ["1", "4"]


def test_a_row_a_condition_shows_the_winner_what_ties_and_what_is_not_there() -> None:
    grid = drawn()["map"]
    assert [text.get_text() for text in grid.get_xticklabels()] == ["baseline", "l2", "mixup"]
    assert [text.get_text() for text in grid.get_yticklabels()] == [*CONDITIONS]
    fields = {text.get_position(): text.get_text() for text in grid.texts if text.get_text()}
    wins = {(1.5, row + 0.5): "best" for row in range(5)}
    assert fields == wins | {(0.5, 0.5): "tie", (2.5, 0.5): "tie"}
    colours = [to_hex(patch.get_facecolor()) for patch in grid.patches]
    assert (colours.count(BIAS), colours.count(LINE)) == (5, 4)
    assert [patch.get_hatch() for patch in grid.patches].count(TIES) == 2


def test_without_sizes_or_a_grid_the_map_alone_is_drawn() -> None:
    table = runs(("start", {}, {"baseline": [1.0, 2.0], "l2": [1.0, 3.0]}))
    winners = pd.DataFrame([PLACE | {"condition": "start", "best": "l2", "tied": None}])
    assert list(draw({"runs": table, "winners": winners})) == ["map"]
