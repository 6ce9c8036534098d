"""`python -m pipeline compare` on real runs: a strength that harms, a seed that does not, docs/compare.md."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.pipeline.clone import Clone


def committed(clone: Clone) -> Clone:
    """The clone with the toy study committed, as a user commits a reproduced study; without its questions."""
    clone.without_questions()
    clone.run("git", "add", "--all").succeeded()
    clone.run("git", "commit", "--quiet", "--no-verify", "--message", "reproduced").succeeded()
    return clone


def errors(clone: Clone, variant: str) -> pd.Series:
    """The test error of a variant in `small` by training set, as the workspace has it."""
    runs = pd.read_csv(clone.root / "reports" / "tables" / "runs.csv")
    own = runs[(runs.setting == "small") & (runs.variant == variant)]
    return own.groupby("split").test_error.mean()


def test_the_commands_of_the_page_and_a_strength_that_harms(clone: Clone, repository: Path) -> None:
    committed(clone)
    before, same = errors(clone, "l2"), errors(clone, "dropout")
    text = (repository / "docs" / "compare.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    typed = [line[2:] for block in blocks for line in block.splitlines()]
    shown = {}
    for line in typed:
        ended = clone.run(*line.split())
        assert ended.code == (3 if "--fail-if-worse" in line else 0), (
            f"{line}\n{ended.output}\n{ended.errors}"
        )
        shown[line] = ended.output
    change = errors(clone, "l2") - before
    assert errors(clone, "dropout").equals(same)
    half = stats.t.ppf(0.975, len(change) - 1) * stats.sem(change)
    said = f"l2 is worse by {change.mean():.2f} ± {half:.2f} points; the same runs in 4 of 5 variants."
    page = (clone.root / "compare" / "HEAD..stronger" / "report.md").read_text(encoding="utf-8")
    assert f"Test error in **`small`**: `l2` {said[3:]}" in page
    assert "Test error in **`notebook`**: the same runs in 2 of 2 variants." in page
    assert "| B | `stronger` | DVC experiment at `" in page
    assert "| `variants.l2.l2.strength` | `0.001` | `0.3` |" in page
    assert page.count("### Code\n\nNone.") == page.count("### Data\n\nNone.") == 1
    assert "Warning" not in page
    # An experiment leaves its results in the workspace.
    other = (clone.root / "compare" / "HEAD..workspace" / "report.md").read_text(encoding="utf-8")
    assert f"`l2` {said[3:]}" in other
    assert clone.run("git", "status", "--porcelain", "compare").output == ""
    assert "variants.l2.l2.strength" in shown["dvc params diff HEAD"]
    assert "reports/test_error/l2.json" in shown["dvc metrics diff HEAD"]
    assert "reports/test_error/dropout.json" not in shown["dvc metrics diff HEAD"]
    assert clone.run("dvc", "repro").succeeded().ran == []  # of what compare writes DVC sees nothing


def grid(clone: Clone, variant: str) -> np.ndarray:
    """The test errors of a variant in `small`, (D, I)."""
    runs = pd.read_csv(clone.root / "reports" / "tables" / "runs.csv")
    own = runs[(runs.setting == "small") & (runs.variant == variant)]
    return own.pivot_table(index="split", columns="init", values="test_error").to_numpy()


def two_way(values: np.ndarray) -> tuple[float, float]:
    """The squared standard error of the mean of a grid with random rows and columns, and its degrees."""
    d, i = values.shape
    rows, columns = i * values.mean(axis=1).var(ddof=1), d * values.mean(axis=0).var(ddof=1)
    rest = ((values - values.mean()) ** 2).sum() - (d - 1) * rows - (i - 1) * columns
    cells = rest / ((d - 1) * (i - 1))
    squares = max(rows + columns - cells, rows, columns, cells)
    degrees = squares**2 / (rows**2 / (d - 1) + columns**2 / (i - 1) + cells**2 / ((d - 1) * (i - 1)))
    return squares / (d * i), degrees


def test_another_seed_is_no_evidence(clone: Clone) -> None:
    committed(clone)
    before = {name: grid(clone, name) for name in ("baseline", "l2")}
    clone.edit({"settings.small.seed": 12})
    stale = clone.python("pipeline", "compare", "HEAD").succeeded()
    assert "warning: the scores of B are older than its params.yaml" in stale.errors
    clone.run("dvc", "repro", "evaluate").succeeded()
    ended = clone.python("pipeline", "compare", "HEAD", "workspace", "--fail-if-worse").succeeded()
    assert "older" not in ended.errors
    assert "Test error in small: no evidence of a change in 5 of 5 variants." in ended.output
    page = (clone.root / "compare" / "HEAD..workspace" / "report.md").read_text(encoding="utf-8")
    assert "Not paired, because the sides differ in settings.small.seed. Welch's interval" in page
    assert "| `settings.small.seed` | `2` | `12` |" in page
    table = pd.read_csv(clone.root / "compare" / "HEAD..workspace" / "changes.csv").set_index(
        ["setting", "variant", "metric"]
    )
    for name, old in before.items():
        own = table.loc["small", name, "test_error"]
        new = grid(clone, name)
        assert not (new == old).all()
        (one, degrees), (other, others) = two_way(old), two_way(new)
        joint = (one + other) ** 2 / (one**2 / degrees + other**2 / others)
        expected = 2 * stats.t.sf(abs(new.mean() - old.mean()) / (one + other) ** 0.5, joint)
        assert own.p_value == pytest.approx(expected, rel=1e-5)
