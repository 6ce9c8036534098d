"""The command on a small history: page, table, figure, terminal, exit codes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy import stats

from pipeline import __main__ as command
from pipeline.compare import differences, figure, sides
from tests.compare.history import History

Run = Callable[..., tuple[int, str, str]]
RNG = np.random.default_rng(0)
BEFORE = np.round(RNG.normal(10, 0.5, size=(5, 2)), 2)
WORSE = BEFORE + np.round(RNG.normal(2.0, 0.2, size=(5, 2)), 2)
NOISE = BEFORE + np.round(RNG.normal(0.0, 0.3, size=(5, 2)), 2)


@pytest.fixture
def past(history: History) -> History:
    """`old`, `worse` in one variant of two and with another setting, and a workspace that is but noise."""
    history.state({"small/baseline": BEFORE.tolist(), "small/l2": BEFORE.tolist(), "small/gone": [[1.0]]})
    history.commit("old")
    history.state(
        {"small/baseline": BEFORE.tolist(), "small/l2": WORSE.tolist(), "notebook/l2": [[2.0]]},
        {"variants.l2.l2.strength": 0.3, "settings.small.network.dense.hidden": [64, 32]},
    )
    history.write("pipeline/new.py", "")
    history.commit("worse")
    history.state({"small/baseline": BEFORE.tolist(), "small/l2": NOISE.tolist()})
    return history


@pytest.fixture
def run(past: History, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `python -m pipeline compare` there: exit code, output, errors."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(command, "ROOT", past.root)
        monkeypatch.setattr(sys, "argv", ["pipeline", "compare", *arguments])
        with pytest.raises(SystemExit) as ended:
            command.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return typed


def page(folder: Path) -> str:
    return (folder / "report.md").read_text(encoding="utf-8")


def test_the_page_says_what_was_changed_and_what_that_did(run: Run, past: History) -> None:
    code, out, errors = run("old", "worse")
    assert (code, errors) == (0, "")
    folder = past.root / "compare" / "old..worse"
    assert out.splitlines()[-1] == f"written: {folder / 'report.md'}"
    text = page(folder)
    old, new = BEFORE.mean(axis=1), WORSE.mean(axis=1)
    change, half = (new - old).mean(), stats.t.ppf(0.975, 4) * stats.sem(new - old)
    said = f"worse by {change:.2f} ± {half:.2f} points"
    first = f"Test error in **`small`**: `l2` is {said}; the same runs in 1 of 2 variants."
    assert text.startswith(f"# From old to worse\n\n{first}\n")
    commit = past.git("rev-parse", "old")[:12]
    source = f"git revision at `{commit}`; scores from `reports/tables/runs.csv`: every run"
    assert f"| A | `old` | {source} |" in text
    assert "| `variants.l2.l2.strength` | `0.001` | `0.3` |" in text
    assert "| `settings.small.network.dense.hidden` | `[128]` | `[64, 32]` |" in text
    assert "| `pipeline/new.py` | `added` |" in text
    assert "### Data\n\nNone.\n" in text
    assert "| removed | variant gone in small |" in text
    assert "| added | setting notebook |" in text
    limits = f"{change:+.2f} [{change - half:+.2f}, {change + half:+.2f}]"
    assert f"| `l2` | {old.mean():.2f} → {new.mean():.2f} | {limits} | " in text
    assert f" | {said} | worse by " in text
    assert (
        "Paired, replicate by replicate, over 5 training sets. The initial weights differ between the sides"
        in text
    )
    assert "![" in text
    assert (folder / "changes.png").exists()
    assert "nan" not in text.lower()


def test_the_terminal_says_the_same(run: Run) -> None:
    _, out, _ = run("old", "worse")
    for said in ("[64, 32]", "variants.l2.l2.strength", "pipeline/new.py", "Data: no change"):
        assert said in out
    assert "small: Paired, replicate by replicate, over 5 training sets." in out
    assert "Test error in small: l2 is worse by " in out
    assert "`" not in out


def test_the_table_holds_every_difference(run: Run, past: History) -> None:
    run("old", "worse", "--out", str(past.root / "elsewhere"))
    table = pd.read_csv(past.root / "elsewhere" / "changes.csv")
    assert len(table) == 2 * 3
    row = table[(table.variant == "l2") & (table.metric == "test_error")].iloc[0]
    assert row.p_value == pytest.approx(stats.ttest_rel(WORSE.mean(axis=1), BEFORE.mean(axis=1)).pvalue)
    assert row.verdict.startswith("worse by ")
    assert not (past.root / "compare").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("old", "worse", "--fail-if-worse"), 3),
        (("old", "worse"), 0),
        (("worse", "old", "--fail-if-worse"), 0),  # better
        (("old", "--fail-if-worse"), 0),  # noise
        (("old", "workspace", "--fail-if-worse"), 0),
        (("old", "old", "--fail-if-worse"), 0),
        (("nope", "--fail-if-worse"), 1),
        (("old", "nope"), 1),
    ],
)
def test_the_exit_code(run: Run, past: History, arguments: tuple[str, ...], expected: int) -> None:
    code, _, errors = run(*arguments)
    assert code == expected
    if expected == 1:
        (line,) = errors.splitlines()
        assert line.startswith("error: A: expected" if arguments[0] == "nope" else "error: B: expected")
        assert not (past.root / "compare").exists()
    else:
        assert list((past.root / "compare").rglob("report.md"))


def test_left_out_it_is_the_workspace(run: Run, past: History) -> None:
    _, out, _ = run("old")
    assert "B workspace: workspace at " in out
    assert "no evidence of a change in 1 of 2 variants" in out
    assert (past.root / "compare" / "old..workspace" / "report.md").exists()


def test_what_cannot_be_judged_is_a_warning(run: Run, past: History) -> None:
    past.write(
        "reports/metrics/study.json",
        '{"small": {"l2": {"test_error": 9, "test_cross_entropy": 1, "gap": 1}}}',
    )
    (past.root / "reports" / "tables" / "runs.csv").unlink()
    code, out, errors = run("old", "--fail-if-worse")
    assert code == 0
    said = "only the means of B are known (reports/metrics/study.json), so nothing is judged"
    assert errors == f"warning: {said}\n"
    assert "1 of 1 variants not judged: only means are known" in out
    assert f"**Warning:** {said}." in page(past.root / "compare" / "old..workspace")


def test_sides_that_share_nothing(run: Run, past: History) -> None:
    folder = past.root / "compare" / "old..workspace"
    run("old")
    assert (folder / "changes.png").exists()
    past.state({"notebook/l2": [[2.0]]})
    code, out, _ = run("old")
    assert code == 0
    assert "They share no variant." in out
    assert not (folder / "changes.png").exists()
    assert "![" not in page(folder)


def test_a_file_is_no_folder(run: Run, past: History) -> None:
    code, _, errors = run("old", "--out", str(past.root / "dvc.yaml"))
    assert code == 1
    assert errors.startswith(
        f"error: --out: expected a folder to write to, received {past.root / 'dvc.yaml'} ("
    )


def test_a_folder_that_cannot_be_written_to_is_one_line(run: Run, past: History, tmp_path: Path) -> None:
    (tmp_path / "out" / "report.md").mkdir(parents=True)  # also for a user who may write anywhere
    code, _, errors = run("old", "--out", str(tmp_path / "out"))
    assert code == 1
    assert errors == (
        f"error: --out: expected a folder to write to, received {tmp_path / 'out'} (Is a directory)\n"
    )


def test_a_name_is_no_path(run: Run, past: History) -> None:
    past.git("branch", "topic/a", "old")
    run("topic/a", "old")
    assert (past.root / "compare" / "topic-a..old" / "report.md").exists()


def test_the_figure_has_a_line_a_variant_and_the_colour_of_the_verdict(run: Run, past: History) -> None:
    a, b = (sides.read(past.root, "A", name) for name in ("old", "worse"))
    drawn = figure.draw(differences.differences(a, b))
    (axis,) = drawn.axes
    assert axis.get_title() == "small"
    assert [text.get_text() for text in axis.get_yticklabels()] == ["baseline", "l2"]
    points = [container[0] for container in axis.containers]
    at = [(float(point.get_xdata()[0]), to_hex(point.get_color())) for point in points]
    expected = (WORSE - BEFORE).mean()
    assert at == [(0.0, figure.NEITHER), (pytest.approx(expected), figure.COLOURS["worse"])]
    b, a = a, b
    assert figure.colour(differences.differences(a, b)[3]) == figure.COLOURS["better"]
    run("old", "worse")
    path = past.root / "compare" / "old..worse" / "changes.png"
    content = path.read_bytes()
    run("old", "worse")
    assert path.read_bytes() == content


def test_it_imports_neither_keras_nor_mlflow(repository: Path) -> None:
    program = "import sys, pipeline.compare; print(*{name.split('.')[0] for name in sys.modules})"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True
    )
    assert not {"tensorflow", "keras", "mlflow", "dvc"} & set(ended.stdout.split())
