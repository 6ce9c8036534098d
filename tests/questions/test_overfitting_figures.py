"""The figures on overfitting: what is drawn where, and the same bytes every time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pipeline.drawing import style
from pipeline.questions.overfitting.draw import TUNED, draw, few_of
from pipeline.system.files import read_table, write_table
from tests.questions import gaps
from tests.questions.gaps import FAMILIES, Tables, curves


@pytest.fixture
def tables() -> Tables:
    return gaps.tables()


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with mpl.rc_context():
        style.use()
        yield


def test_the_gaps_are_drawn_with_the_baseline_as_a_line(tables: Tables) -> None:
    figure = draw(tables)["gap"]
    assert figure.get_supxlabel() == "test minus train cross-entropy (nats)"
    assert [axis.get_title() for axis in figure.axes] == ["small", "blind"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == list(FAMILIES)
    for axis, reference in zip(figure.axes, (0.4194, 1.0), strict=True):
        upright = [line for line in axis.lines if list(np.asarray(line.get_ydata())) == [0, 1]]
        assert [list(np.asarray(line.get_xdata())) for line in upright] == [[reference, reference]]


def test_a_setting_with_curves_has_a_figure(tables: Tables) -> None:
    tables["curves"] = pd.concat([curves(list(FAMILIES), "noisy"), tables["curves"]])
    assert list(draw(tables)) == ["gap", "curves", "wrong_labels", "curves_noisy", "curves_small"]
    tables["curves"] = tables["curves"].iloc[:0]
    tables["study/memorised"] = tables["study/memorised"].iloc[:0]
    assert list(draw(tables)) == ["gap"]


def test_one_variant_of_each_kind_is_shown_at_once(tables: Tables) -> None:
    kinds = {"a": "weights", "b": "weights", "c": "noise", "tuned_baseline": "baseline"}
    assert few_of(["tuned_baseline", "a", "b", "c"], kinds) == ["a", "c"]
    assert few_of([*"vwxyz"], dict(zip("vwxyz", "vwxyz", strict=True))) == [*"vwxy"]


def test_the_wrong_labels_learned_are_a_figure_of_their_own(tables: Tables) -> None:
    shares = {"baseline": (0.9, 0.1), "drop": (0.3, 0.05), "ridge": (0.6, 0.1)}
    tables["study/memorised"] = pd.DataFrame(
        {"setting": "noisy", "variant": variant, "split": split, "init": 0, "seen": seen, "unseen": unseen}
        for variant, (seen, unseen) in shares.items()
        for split in (0, 1)
    )
    figure = draw(tables)["wrong_labels"]
    assert figure.get_suptitle().replace("\n", " ") == (
        "The baseline repeats 90% of the wrong labels it was trained on, drop 30%"
    )
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.get_yticklabels()] == ["baseline", "ridge", "drop"]
    marks = [float(np.asarray(line.get_xdata())[0]) for line in axis.lines if line.get_marker() == "o"]
    assert marks == pytest.approx([0.9, 0.1, 0.6, 0.1, 0.3, 0.05])


@pytest.mark.parametrize(("variants", "panels"), [(list(FAMILIES), 8), (["baseline", "drop"], 1)])
def test_curves_against_the_baseline(tables: Tables, variants: list[str], panels: int) -> None:
    tables["curves"] = rows = curves(variants)
    figure = draw(tables)["curves_small"]
    assert len(figure.axes) == panels
    visible = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in visible] == variants[1:]
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("epoch", "cross-entropy (nats)")
    validation = rows[rows.metric == "validation_cross_entropy"]
    ends = validation.loc[validation.groupby("variant").epoch.idxmax()].estimate
    grey = style.COLOURS["baseline"]
    for variant, axis in zip(variants[1:], visible, strict=True):
        bottom, top = axis.get_ylim()
        assert bottom == 0
        assert ends.max() < top <= 1.6 * ends.max()  # every end is seen, whatever the first epochs
        colour = TUNED if variant == "tuned_baseline" else style.COLOURS[FAMILIES[variant]]
        parts = [
            ("baseline", ":", grey),
            ("baseline", "-", grey),
            (variant, ":", colour),
            (variant, "-", colour),
        ]
        *bands, gap = axis.collections
        assert len(axis.lines) == len(parts)
        shown = rows[rows.variant == variant]
        assert set(np.asarray(gap.get_paths()[0].vertices)[:, 1]) <= set(shown.estimate)
        for (name, dashes, shade), line, band in zip(parts, axis.lines, bands, strict=True):
            metric = "train_cross_entropy" if dashes == ":" else "validation_cross_entropy"
            shown = rows[(rows.variant == name) & (rows.metric == metric)]
            assert (line.get_linestyle(), to_hex(line.get_color())) == (dashes, shade)
            assert list(np.asarray(line.get_xdata())) == shown.epoch.tolist()
            assert list(np.asarray(line.get_ydata())) == shown.estimate.tolist()
            assert to_hex(band.get_facecolor()[0]) == shade
            corners = np.asarray(band.get_paths()[0].vertices)
            assert set(shown.low) | set(shown.high) <= set(corners[:, 1])


def save(source: Path, target: Path) -> None:
    """Draw every figure from the tables in `source`; another process does the same."""
    style.use()
    target.mkdir()
    paths = [*source.glob("*.csv"), *source.glob("*/*.csv")]
    tables = {str(path.relative_to(source).with_suffix("")): read_table(path) for path in paths}
    for name, figure in draw(tables).items():
        style.save_both(figure, target, name)


def test_the_same_tables_give_the_same_bytes(tmp_path: Path, repository: Path, tables: Tables) -> None:
    for name in ("gaps", "curves", "families", "study/memorised"):
        write_table(tmp_path / f"{name}.csv", tables[name])
    save(tmp_path, tmp_path / "once")
    program = (
        "from pathlib import Path; from tests.questions.test_overfitting_figures import save; "
        f"save(Path({str(tmp_path)!r}), Path({str(tmp_path / 'elsewhere')!r}))"
    )
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    environment = os.environ | {"PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", program], cwd=repository, env=environment, check=True)
    drawn = ("curves", "curves_small", "gap", "wrong_labels")
    names = [f"{name}.{ending}" for name in drawn for ending in ("png", "svg")]
    assert sorted(path.name for path in (tmp_path / "once").iterdir()) == names
    for name in names:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "elsewhere" / name).read_bytes()
