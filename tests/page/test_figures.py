"""Figures of hand-made tables: what is drawn where and in which colour, and the same bytes every time."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from ruamel.yaml import YAML

from pipeline import questions
from pipeline.drawing import style
from pipeline.page import figures
from pipeline.regularizers import discover

Tables = dict[str, pd.DataFrame]
Families = dict[str, str]
SETTINGS = ["wide", "narrow"]
GREY = style.COLOURS["baseline"]
DRAWINGS: dict[str, Callable[[Tables, Families], Figure]] = {
    name: lambda t, families, name=name: figures.every(t, families, SETTINGS)[name][1]  # type: ignore[misc]
    for name in ("arrows", "all_arrows")
}


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with mpl.rc_context():
        style.use()
        yield


def colour(family: str) -> str:
    return GREY if family == "baseline" else style.COLOURS[family]


def points(axis: Axes) -> list[tuple[float, float, str]]:
    """Every mark: x, y and colour."""
    marks = [line for line in axis.lines if line.get_marker() == "o"]
    ends = [(*np.asarray(line.get_xydata(), float)[0], line.get_color()) for line in marks]
    return [(float(x), float(y), to_hex(shade)) for x, y, shade in ends]


def named(axis: Axes) -> dict[str, Annotation]:
    """The labels of the marks by their texts."""
    notes = [note for note in axis.texts if isinstance(note, Annotation)]
    return {note.get_text(): note for note in notes if note.get_text() not in ("", "better")}


def estimates(table: pd.DataFrame, setting: str, metric: str) -> dict[str, float]:
    rows = table[(table.setting == setting) & (table.metric == metric)]
    return dict(zip(rows.variant, rows.estimate, strict=True))


def test_the_baseline_is_grey_and_no_other_family_is() -> None:
    assert style.COLOURS["baseline"] == GREY
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)
    kinds = {kind.family for kind in discover().values()}
    assert kinds | {"baseline", "combination"} <= set(style.COLOURS)


def test_every_variant_of_the_committed_file_has_a_colour(repository: Path) -> None:
    declared = YAML(typ="safe").load(repository / "params.yaml")["variants"]
    families = questions.load(repository / "params.yaml").families()
    assert list(families) == ["baseline", "tuned_baseline", *declared]
    assert set(families.values()) <= set(style.COLOURS)


def test_an_arrow_leads_from_the_baseline_to_every_variant(tables: Tables, families: Families) -> None:
    figure = DRAWINGS["all_arrows"](tables, families)
    assert [axis.get_title() for axis in figure.axes] == SETTINGS
    for setting, axis in zip(SETTINGS, figure.axes, strict=True):
        bias = estimates(tables["summary"], setting, "squared_error_bias")
        variance = estimates(tables["summary"], setting, "squared_error_variance")
        assert points(axis) == [(variance[v], bias[v], colour(families[v])) for v in bias]
        assert {name: note.xy for name, note in named(axis).items()} == {
            v: (variance[v], bias[v]) for v in bias
        }
        arrows = [note for note in axis.texts if isinstance(note, Annotation) and note.get_text() == ""]
        start = (variance["baseline"], bias["baseline"])
        assert [note.xyann for note in arrows] == [start] * (len(bias) - 1)
        assert [note.xy for note in arrows] == [(variance[v], bias[v]) for v in bias if v != "baseline"]


def test_the_way_to_a_lower_risk_is_drawn(tables: Tables, families: Families) -> None:
    for axis in DRAWINGS["all_arrows"](tables, families).axes:
        (note,) = (text for text in axis.texts if text.get_text() == "better")
        assert isinstance(note, Annotation)
        assert note.xy[0] < note.xyann[0]
        assert note.xy[1] < note.xyann[1]


def test_the_title_counts_those_that_lower_the_variance(tables: Tables, families: Families) -> None:
    """All six do: each variance lies a hundredth below the one before it."""
    assert DRAWINGS["arrows"](tables, families).get_suptitle() == "All methods lower the variance"
    summary = tables["summary"]
    raised = (summary.variant == "ridge") & (summary.metric == "squared_error_variance")
    higher = summary.assign(estimate=summary.estimate.where(~raised, 9.0))
    said = DRAWINGS["arrows"](tables | {"summary": higher}, families).get_suptitle()
    assert said == "5 of 6 methods lower the variance"
    alone = summary[summary.variant.isin(["baseline", "ridge"])]
    assert DRAWINGS["arrows"]({"summary": alone}, families).get_suptitle() == "ridge lowers the variance"


def test_no_two_lines_to_the_labels_cross(tables: Tables, families: Families) -> None:
    axis = DRAWINGS["arrows"](tables, families).axes[0]
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    ends = []
    for note in named(axis).values():
        x, y = note.xy
        ends.append(((x - left) / (right - left), (y - bottom) / (top - bottom), *note.xyann))
    assert len({end[3] for end in ends}) == len(ends)  # no label on another

    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    for first, second in itertools.combinations(ends, 2):
        a, b, c, d = first[:2], first[2:], second[:2], second[2:]
        assert side(a, b, c) * side(a, b, d) >= 0 or side(c, d, a) * side(c, d, b) >= 0


def test_every_figure_comes_with_the_rows_it_shows(tables: Tables, families: Families) -> None:
    drawn = figures.every(tables, families, SETTINGS)
    counts = {name: (len(rows), set(rows.setting)) for name, (rows, _) in drawn.items()}
    both = len(families) + len(families) - 2  # `narrow` lacks two
    assert counts == {"arrows": (2 * len(families), {"wide"}), "all_arrows": (2 * both, set(SETTINGS))}


def test_along_a_dashed_line_the_risk_is_the_same(tables: Tables, families: Families) -> None:
    for axis in DRAWINGS["all_arrows"](tables, families).axes:
        dashed = [line for line in axis.lines if line.get_linestyle() == "--"]
        risks = [np.asarray(line.get_xdata()) + np.asarray(line.get_ydata()) for line in dashed]
        assert len(risks) == 6
        for ends in risks:
            assert ends[0] == pytest.approx(ends[1])
        assert len({round(float(ends[0]), 9) for ends in risks}) == 6


def draw(source: Path, target: Path, families: Mapping[str, str]) -> None:
    """Draw every figure from the tables in `source`; another process does the same."""
    style.use()
    tables = {name: pd.read_csv(source / f"{name}.csv") for name in ("summary", "differences")}
    target.mkdir()
    for name, drawing in DRAWINGS.items():
        style.save_both(drawing(tables, dict(families)), target, name)


def test_the_same_tables_give_the_same_bytes(
    tmp_path: Path, repository: Path, tables: Tables, families: Families
) -> None:
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    draw(tmp_path, tmp_path / "once", families)
    draw(tmp_path, tmp_path / "again", families)
    program = (
        "from pathlib import Path; from tests.page.test_figures import draw; "
        f"draw(Path({str(tmp_path)!r}), Path({str(tmp_path / 'elsewhere')!r}), {families!r})"
    )
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    subprocess.run(
        [sys.executable, "-c", program], cwd=repository, env=os.environ | {"PYTHONHASHSEED": seed}, check=True
    )
    for name, ending in itertools.product(DRAWINGS, ("png", "svg")):
        content = (tmp_path / "once" / f"{name}.{ending}").read_bytes()
        assert content.startswith(b"\x89PNG" if ending == "png" else b"<svg ")
        assert content == (tmp_path / "again" / f"{name}.{ending}").read_bytes()
        assert content == (tmp_path / "elsewhere" / f"{name}.{ending}").read_bytes()
        assert not any(word in content for word in (b"Software", b"Matplotlib", b"tIME", b"metadata"))
