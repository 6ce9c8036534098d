"""Estimates with intervals: what is drawn where, and in which colour."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from pipeline.drawing.forest import forest
from pipeline.drawing.style import COLOURS

FAMILIES = {
    "baseline": "baseline",
    "tuned_baseline": "baseline",
    "ridge": "weights",
    "drop": "noise",
    "unseen": "targets",
}
ESTIMATES = {
    "wide": {"drop": 0.4, "ridge": 0.2, "tuned_baseline": 0.7, "baseline": 0.9},
    "narrow": {"baseline": 0.5, "drop": -0.3},
}
ORDER = ["baseline", "tuned_baseline", "ridge", "drop"]


@pytest.fixture
def rows() -> pd.DataFrame:
    """Two settings, one of which lacks two variants; limits 0.1 below and 0.2 above the estimate."""
    table = pd.DataFrame(
        {"setting": setting, "variant": variant, "estimate": estimate}
        for setting, estimates in ESTIMATES.items()
        for variant, estimate in estimates.items()
    )
    return table.assign(low=table.estimate - 0.1, high=table.estimate + 0.2)


def marks(axis: Axes) -> list[Line2D]:
    return [line for line in axis.lines if line.get_marker() == "o"]


def points(axis: Axes) -> list[tuple[float, float, str]]:
    """Every estimate: x, y and colour."""
    ends = [(*np.asarray(line.get_xydata(), float)[0], line.get_color()) for line in marks(axis)]
    return [(float(x), float(y), to_hex(colour)) for x, y, colour in ends]


def arms(axis: Axes) -> Any:
    """The ends [[x, y], [x, y]] of every interval, (n, 2, 2)."""
    bars: list[Any] = [bar for container in axis.containers for bar in container[2]]
    return np.array([bar.get_segments()[0] for bar in bars])


def test_a_panel_a_setting_and_a_line_a_variant(rows: pd.DataFrame) -> None:
    figure = forest(rows, FAMILIES, ["wide", "narrow"], "a change (points)")
    assert [axis.get_title() for axis in figure.axes] == ["wide", "narrow"]
    assert figure.get_supxlabel() == "a change (points)"
    # In the order of the families, without the variant that has no row; the first on top.
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ORDER
    assert figure.axes[0].yaxis_inverted()


def test_an_estimate_has_its_interval_and_the_colour_of_its_family(rows: pd.DataFrame) -> None:
    figure = forest(rows, FAMILIES, ["narrow", "wide"], "")
    for setting, axis in zip(("narrow", "wide"), figure.axes, strict=True):
        estimates = ESTIMATES[setting]
        places = {variant: place for place, variant in enumerate(ORDER) if variant in estimates}
        assert points(axis) == [(estimates[v], place, COLOURS[FAMILIES[v]]) for v, place in places.items()]
        expected = [[[estimates[v] - 0.1, place], [estimates[v] + 0.2, place]] for v, place in places.items()]
        assert arms(axis) == pytest.approx(np.array(expected))


def test_the_tuned_baseline_is_hollow(rows: pd.DataFrame) -> None:
    axis = forest(rows, FAMILIES, ["wide"], "").axes[0]
    faces = [to_hex(mark.get_markerfacecolor()) for mark in marks(axis)]
    assert [variant for variant, face in zip(ORDER, faces, strict=True) if face == "#ffffff"] == [
        "tuned_baseline"
    ]


@pytest.mark.parametrize(("reference", "at"), [("drop", [0.4, -0.3]), (None, [0.0, 0.0])])
def test_a_line_marks_the_reference_or_zero(
    rows: pd.DataFrame, reference: str | None, at: list[float]
) -> None:
    figure = forest(rows, FAMILIES, ["wide", "narrow"], "", reference)
    for axis, zero in zip(figure.axes, at, strict=True):
        upright = [line for line in axis.lines if list(np.asarray(line.get_ydata())) == [0, 1]]
        assert [list(np.asarray(line.get_xdata())) for line in upright] == [[zero, zero]]
        assert to_hex(upright[0].get_color()) == COLOURS["baseline"]


def test_no_more_than_four_panels_stand_abreast_and_a_row_names_its_own_variants(rows: pd.DataFrame) -> None:
    names = ["wide", "a", "b", "c", "narrow"]
    others = [rows[rows.setting == "wide"].assign(setting=name) for name in "abc"]
    axes = forest(pd.concat([rows, *others]), FAMILIES, names, "").axes
    assert [axis.get_title() for axis in axes] == names
    heights = [axis.get_position().y0 for axis in axes]
    assert len(set(heights[:4])) == 1
    assert heights[4] < heights[0]
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ORDER
    assert [text.get_text() for text in axes[4].get_yticklabels()] == ["baseline", "drop"]
