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
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from ruamel.yaml import YAML

from pipeline import questions
from pipeline.drawing import style
from pipeline.page import figures
from pipeline.regularizers import discover

Tables = dict[str, pd.DataFrame]
Families = dict[str, str]
SETTINGS = ["wide", "narrow"]
GREY = "#7f7f7f"
DRAWINGS: dict[str, Callable[[Tables, Families], Figure]] = {
    "bias_variance": lambda t, families: figures.bias_variance(t["summary"], families, SETTINGS),
    "differences": lambda t, families: figures.every(t, families, SETTINGS)["differences"][1],
}


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with mpl.rc_context():
        style.use()
        yield


def colour(family: str) -> str:
    return GREY if family == "baseline" else style.COLOURS[family]


def points(axis: Axes) -> list[tuple[float, float, str]]:
    """Every estimate with its interval: x, y and colour."""
    drawn = []
    for container in axis.containers:
        assert isinstance(container, ErrorbarContainer)
        (x,), (y,) = (np.asarray(values) for values in container[0].get_data())
        drawn.append((float(x), float(y), to_hex(container[0].get_color())))
    return drawn


def reaches(axis: Axes) -> list[list[list[float]]]:
    """The ends [[x, y], [x, y]] of every bar of every interval, in the order of the points."""
    bars = [bar for container in axis.containers for bar in container[2]]
    return [np.asarray(bar.get_segments()[0]).tolist() for bar in bars]


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


def test_bias_against_variance(tables: Tables, families: Families) -> None:
    figure = DRAWINGS["bias_variance"](tables, families)
    assert [axis.get_title() for axis in figure.axes] == SETTINGS
    assert [axis.get_xlabel() for axis in figure.axes] == ["variance", "variance"]
    assert [axis.get_ylabel() for axis in figure.axes] == ["squared bias", ""]
    for setting, axis in zip(SETTINGS, figure.axes, strict=True):
        bias = estimates(tables["summary"], setting, "squared_error_bias")
        variance = estimates(tables["summary"], setting, "squared_error_variance")
        expected = [(variance[v], bias[v], colour(families[v])) for v in bias]
        assert points(axis) == expected
        bars = []
        for x, y, _ in expected:
            bars += [[[x - 0.1, y], [x + 0.2, y]], [[x, y - 0.1], [x, y + 0.2]]]
        assert np.asarray(reaches(axis)) == pytest.approx(np.asarray(bars))
        labels = {note.get_text(): (note.xy, note.get_color()) for note in axis.texts}  # type: ignore[attr-defined]
        assert labels == {v: ((variance[v], bias[v]), colour(families[v])) for v in bias}


def test_no_two_lines_to_the_labels_cross(tables: Tables, families: Families) -> None:
    axis = DRAWINGS["bias_variance"](tables, families).axes[0]
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    ends = []
    for note in axis.texts:
        x, y = note.xy  # type: ignore[attr-defined]
        ends.append(((x - left) / (right - left), (y - bottom) / (top - bottom), *note.xyann))  # type: ignore[attr-defined]
    assert len({end[3] for end in ends}) == len(ends)  # no label on another

    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    for first, second in itertools.combinations(ends, 2):
        a, b, c, d = first[:2], first[2:], second[:2], second[2:]
        assert side(a, b, c) * side(a, b, d) >= 0 or side(c, d, a) * side(c, d, b) >= 0


def test_every_figure_comes_with_the_rows_it_shows(tables: Tables, families: Families) -> None:
    drawn = figures.every(tables, families, SETTINGS)
    assert list(drawn) == ["bias_variance", "differences"]
    counts = {name: (len(rows), set(rows.metric)) for name, (rows, _) in drawn.items()}
    both = len(families) + len(families) - 2  # `narrow` lacks two
    assert counts["bias_variance"] == (2 * both, {"squared_error_bias", "squared_error_variance"})
    assert counts["differences"] == (both - 2, {"test_error"})


def test_along_a_dashed_line_the_risk_is_the_same(tables: Tables, families: Families) -> None:
    for axis in DRAWINGS["bias_variance"](tables, families).axes:
        dashed = [line for line in axis.lines if line.get_linestyle() == "--"]
        risks = [np.asarray(line.get_xdata()) + np.asarray(line.get_ydata()) for line in dashed]
        assert len(risks) == 6
        for ends in risks:
            assert ends[0] == pytest.approx(ends[1])
        assert len({round(float(ends[0]), 9) for ends in risks}) == 6


def test_a_line_a_variant(tables: Tables, families: Families) -> None:
    figure = DRAWINGS["differences"](tables, families)
    lines = [variant for variant in families if variant != "baseline"]
    assert [axis.get_title() for axis in figure.axes] == SETTINGS
    assert figure.get_supxlabel() == (
        "change of test error against the tuned baseline, or the baseline where none is tuned (points)"
    )
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == lines
    for setting, axis in zip(SETTINGS, figure.axes, strict=True):
        changes = estimates(tables["differences"], setting, "test_error")
        assert points(axis) == [
            (changes[v], lines.index(v), colour(families[v])) for v in lines if v in changes
        ]


def draw(source: Path, target: Path, families: Mapping[str, str]) -> None:
    """Draw every figure from the tables in `source`; another process does the same."""
    style.use()
    tables = {name: pd.read_csv(source / f"{name}.csv") for name in ("summary", "differences")}
    target.mkdir()
    for name, drawing in DRAWINGS.items():
        style.save(drawing(tables, dict(families)), target / f"{name}.png")


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
    assert len({(tmp_path / "once" / f"{name}.png").read_bytes() for name in DRAWINGS}) == len(DRAWINGS)
    for name in DRAWINGS:
        content = (tmp_path / "once" / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert content == (tmp_path / "again" / f"{name}.png").read_bytes()
        assert content == (tmp_path / "elsewhere" / f"{name}.png").read_bytes()
        assert not any(word in content for word in (b"Software", b"Matplotlib", b"tIME"))
