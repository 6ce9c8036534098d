"""The choice: the answer and the figure, from made-up tables."""

import io
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pipeline.drawing.style import VARIANTS
from pipeline.questions.base import Question
from pipeline.questions.choice import answer
from pipeline.questions.choice.draw import draw
from pipeline.questions.study import Study
from pipeline.science.levels import PERCENT
from pipeline.system import markdown
from tests.questions import made

Tables = dict[str, pd.DataFrame]
QUESTION = Question("choice")

# ---- the answer ----

PLACE = {"train_size": 1000, "width": 8, "label_noise": 0.2}
WINNERS = pd.DataFrame(
    [
        {"condition": "a", **PLACE, "best": "drop", "error": 9.126, "tied": "l2 baseline"},
        {"condition": "b", **PLACE, "best": "baseline", "error": 5.0, "tied": None},
    ]
)
PAIRS = pd.DataFrame(
    {"condition": condition, "first": first, "second": second}
    | {"estimate": estimate, "low": estimate - 0.1, "high": estimate + 0.2}
    for condition, first, second, estimate in (
        ("a", "l2", "drop", 0.9),
        ("a", "baseline", "drop", 0.5),
        ("b", "baseline", "l2", 0.7),
    )
)
EVIDENCE = pd.DataFrame(
    {"condition": ["data size", "width", "label noise"], "outcome": ["unknown", "holds", "holds"]}
)
SPENT = {"baseline": 60, "drop": 60, "ridge": 10, "norm": 5, "stop": 20}
SUMMARY = {"baseline": 9.916, "drop": 8.641, "ridge": 9.1, "norm": 10.5, "stop": 10.9}


def limited(rows: list[dict[str, Any]], below: float, above: float) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(low=table.estimate - below, high=table.estimate + above)


@pytest.fixture
def tables() -> Tables:
    """Two conditions; a setting `here` with four variants, and `lone`, which compares a single one."""
    settings = {"here": list(SUMMARY), "lone": ["baseline", "drop"]}
    errors = [
        {"setting": setting, "variant": variant, "metric": metric, "estimate": SUMMARY[variant] * scale}
        for setting, variants in settings.items()
        for variant in variants
        for metric, scale in (("test_cross_entropy", 0.01), ("test_error", 1.0))
    ]
    differences = [row | {"reference": "baseline"} for row in errors if row["variant"] != "baseline"]
    runs = [
        {"setting": setting, "variant": variant, "epochs": SPENT[variant] + wobble}
        for setting, variants in settings.items()
        for variant in variants
        for wobble in (-1, 1)
    ]
    return {
        "winners": WINNERS,
        "differences": PAIRS,
        "study/runs": pd.DataFrame(runs),
        "study/summary": limited(errors, 0.1, 0.2),
        "study/differences": limited(differences, 0.05, 0.1),
    }


def study(candidates: int = 2, trials: int = 1) -> Study:
    """A study of which the settings and the section are read."""
    section = SimpleNamespace(candidates=list(range(candidates)), trials=trials)
    params = SimpleNamespace(settings={"here": None, "lone": None})
    return cast(Study, SimpleNamespace(params=params, section=section))


def test_the_answer_counts_the_winners_the_ties_and_the_axes(tables: Tables) -> None:
    sentence = answer.values(study(), tables, EVIDENCE)["sentence"]
    assert made.facts(sentence) == "`drop` 1 2 `baseline` 1 1"
    assert sentence.endswith(" along width and label noise.")


def test_no_axis_is_said_as_none_and_no_tie_as_zero(tables: Tables) -> None:
    tables["winners"] = WINNERS.assign(best="drop", tied="")
    sentence = answer.values(study(), tables, EVIDENCE.assign(outcome="unknown"))["sentence"]
    assert made.facts(sentence) == "`drop` 2 2 0 none"
    assert sentence.endswith(" along none of the axes.")


def test_without_conditions_or_evidence_nothing_is_said(tables: Tables) -> None:
    assert answer.values(study(), tables, EVIDENCE.iloc[:0])["sentence"] == ""
    tables["winners"] = WINNERS.iloc[:0]
    assert answer.values(study(), tables, EVIDENCE)["sentence"] == ""


def test_a_row_a_condition_with_the_gain_over_the_baseline() -> None:
    first, second = answer.by_conditions(WINNERS, PAIRS).to_dict("records")
    gain = "+0.50 [+0.40, +0.70]"
    assert list(first.values()) == ["1,000", "20%", "8", "`drop`", "9.13", gain, "`l2`, `baseline`"]
    assert list(second.values())[3:] == ["`baseline`", "5.00", "", "none"]


def test_a_budget_buys_the_lowest_error_of_those_no_dearer(tables: Tables) -> None:
    """`norm` errs on 10.5, `ridge` on 9.1; `stop` (10.9) and the baseline (9.916) do not improve on that."""
    budgets = answer.values(study(), tables, EVIDENCE)["budgets"]
    assert budgets.to_numpy().tolist() == [
        ["`here`", "5", "`norm`", "10.50 [10.40, 10.70]"],
        ["`here`", "10", "`ridge`", "9.10 [9.00, 9.30]"],
        ["`here`", "60", "`drop`", "8.64 [8.54, 8.84]"],
    ]


def test_where_no_setting_compares_several_variants_the_table_of_budgets_has_its_head(tables: Tables) -> None:
    budgets = answer.budgets([], tables["study/runs"], tables["study/summary"])
    assert budgets.empty
    assert budgets.columns.tolist() == ["setting", "epochs trained, mean", "lowest test error", "%"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [((2, 1), "2 candidates on 1 training set\n"), ((1, 3), "1 candidate on 3 training sets\n")],
)
def test_the_page_has_the_figure_and_both_tables(tables: Tables, counts: tuple[int, int], said: str) -> None:
    values = answer.values(study(*counts), tables, EVIDENCE)
    text = markdown.render(QUESTION.template, {"percent": PERCENT} | values)
    assert said in text
    assert values["sentence"] in text
    assert re.findall(r"\]\((\S+)\)", text) == [
        f"questions/choice/{name}" for name in ("figure.png", "winners.csv", "differences.csv")
    ]
    for name in ("by_conditions", "budgets"):
        assert markdown.table(values[name]) in text


# ---- its figure ----


def drawn() -> Any:
    """Two sizes at 8 units, and 32 units at 1,000 images. Width and wrong labels each add to a change."""
    changes = {"baseline": (0.0, 0.0, 0.0), "l2": (-1.0, -2.0, -3.0), "batch_norm": (2.0, 1.0, 0.0)}
    places = {
        "small": (1000, 8, 0.0),
        "noisy": (1000, 8, 0.2),
        "few": (100, 8, 0.0),
        "few_noisy": (100, 8, 0.2),
        "wide": (1000, 32, 0.0),
        "wide_noisy": (1000, 32, 0.2),
    }
    axes = {
        name: dict(zip(("train_size", "width", "label_noise"), at, strict=True))
        for name, at in places.items()
    }
    runs = [
        {"condition": name, **axes[name], "method": method, "split": split}
        | {
            "test_error": 10.0
            + split
            + change * (1 + (axes[name]["width"] > 8) + (axes[name]["label_noise"] > 0))
            + 50 * axes[name]["label_noise"]
        }
        for name in places
        for method, by_split in changes.items()
        for split, change in enumerate(by_split)
    ]
    winners = [
        {
            "condition": name,
            **axes[name],
            "best": "l2",
            "tied": "batch_norm baseline" if name == "wide" else None,
        }
        for name in places
    ]
    figure = draw({"runs": pd.DataFrame(runs), "winners": pd.DataFrame(winners)})["figure"]
    figure.savefig(io.BytesIO(), format="png")
    return figure


def test_the_change_by_data_size_is_a_line_a_method() -> None:
    sizes, _ = drawn().axes
    zero, *lines = sizes.get_lines()
    assert set(np.asarray(zero.get_ydata())) == {0}
    assert [line.get_label() for line in lines] == ["batch_norm", "l2"]
    for line, change in zip(lines, (1.0, -2.0), strict=True):
        assert np.asarray(line.get_xdata()).tolist() == [100, 1000]  # with clean labels, at one width
        assert np.asarray(line.get_ydata()).tolist() == pytest.approx([change, change])
        assert to_hex(line.get_color()) == VARIANTS[line.get_label()]
    assert [text.get_text() for text in sizes.get_xticklabels()] == ["100", "1,000"]


def test_a_field_a_width_and_noise_names_the_winner_and_its_ties() -> None:
    _, grid = drawn().axes
    assert [text.get_text() for text in grid.get_xticklabels()] == ["8", "32"]
    assert [text.get_text() for text in grid.get_yticklabels()] == ["0%", "20%"]
    fields = {text.get_position(): text.get_text().split() for text in grid.texts}
    assert fields == {
        (0.5, 0.5): ["l2"],
        (0.5, 1.5): ["l2"],
        (1.5, 0.5): ["l2", "≈", "batch_norm", "≈", "baseline"],
        (1.5, 1.5): ["l2"],
    }
    assert {to_hex(patch.get_facecolor()) for patch in grid.patches} == {VARIANTS["l2"]}
