"""What is computed of cells is remembered: for the same runs, under the same code, and for nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation import cells, remembered, tables
from pipeline.evaluation.cells import Cell
from pipeline.evaluation.remembered import MeasuredCell
from pipeline.plan import Run
from pipeline.records import Result
from tests.evaluation import made_up
from tests.evaluation.made_up import LABELS, write

MakeRun = Callable[..., Run]
NAMES = ["runs", "summary", "curves", "decomposition", "pseudo_values", "alike", "memorised"]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that were decomposed, and the differences that were taken, since it was last cleared."""
    seen: list[str] = []
    decomposed, differences = Cell.decomposed, tables.differences

    def counted(cell: Cell, labels: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(cell.run.cell)
        return decomposed(cell, labels)

    def compared(cell: tables.Measured, reference: tables.Measured) -> pd.DataFrame:
        seen.append(f"{cell.variant} - {reference.variant}")
        return differences(cell, reference)

    monkeypatch.setattr(Cell, "decomposed", counted)
    monkeypatch.setattr(tables, "differences", compared)
    return seen


@pytest.fixture
def runs(tiny_run: MakeRun) -> Callable[..., list[Run]]:
    """Three training sets x two inits of a method; only the first inits have curves."""

    def make(variant: str = "ridge", **changes: Any) -> list[Run]:
        return [
            tiny_run(
                variant=variant,
                split=split,
                init=init,
                curves=init == 0,
                key=f"{variant}-{split}-{init}",
                **changes,
            )
            for split in (0, 1, 2)
            for init in (0, 1)
        ]

    return make


def of_stage(root: Path, stage: str = "ridge") -> list[MeasuredCell]:
    return remembered.of_stage(root, stage, dict.fromkeys(("tiny", "later"), LABELS))


def assert_same(first: MeasuredCell, second: MeasuredCell) -> None:
    assert first[0] == second[0]
    for name in NAMES:
        pd.testing.assert_frame_equal(first[1][name], second[1][name], check_exact=True)
    for name, values in vars(first[2]).items():
        np.testing.assert_equal(getattr(second[2], name), values)


def test_what_is_remembered_is_what_is_computed(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str]
) -> None:
    write(tmp_path, "ridge", runs())
    (first,) = of_stage(tmp_path)
    assert computed == ["tiny/ridge"]
    (again,) = of_stage(tmp_path)
    assert computed == ["tiny/ridge"]
    assert list(first[1]) == NAMES
    assert_same(first, again)
    (cell,) = cells.read(tmp_path, "ridge")
    summary = tables.summary(cell, cell.decomposed(LABELS))
    pd.testing.assert_frame_equal(again[1]["summary"], summary, check_exact=True)


def test_the_cell_of_a_question_is_none_of_the_settings(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str]
) -> None:
    write(tmp_path, "ridge", [*runs(), *runs(question="choice")])
    assert [measured.variant for _, _, measured in of_stage(tmp_path)] == ["ridge"]
    assert computed == ["tiny/ridge"]


def test_another_cell_of_the_stage_leaves_the_first_remembered(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str]
) -> None:
    write(tmp_path, "ridge", runs())
    of_stage(tmp_path)
    computed.clear()
    later = [run.model_copy(update={"key": f"later-{run.key}"}) for run in runs(setting="later")]
    write(tmp_path, "ridge", [*runs(), *later])
    assert len(of_stage(tmp_path)) == 2
    assert computed == ["later/ridge"]


def a_key(runs: list[Run]) -> list[Run]:
    return [*runs[:-1], runs[-1].model_copy(update={"key": "another"})]


def the_curves(runs: list[Run]) -> list[Run]:
    return [run.model_copy(update={"curves": True}) for run in runs]


def a_replicate(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.split < 2]


@pytest.mark.parametrize("change", [a_key, the_curves, a_replicate])
def test_other_runs_are_computed_again(
    tmp_path: Path,
    runs: Callable[..., list[Run]],
    computed: list[str],
    change: Callable[[list[Run]], list[Run]],
) -> None:
    write(tmp_path, "ridge", runs())
    (first,) = of_stage(tmp_path)
    write(tmp_path, "ridge", change(runs()))
    (second,) = of_stage(tmp_path)
    assert computed == 2 * ["tiny/ridge"]
    assert first[0] != second[0]
    write(tmp_path, "ridge", runs())  # and what was there before is still remembered
    assert_same(of_stage(tmp_path)[0], first)
    assert computed == 2 * ["tiny/ridge"]


def test_runs_of_another_processor_are_computed_again(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "ridge", runs())
    of_stage(tmp_path)
    plain = made_up.made_up
    elsewhere: Callable[[Run], Result] = lambda run: Result(  # noqa: E731
        **vars(plain(run)) | {"processor": "another processor"}
    )
    monkeypatch.setattr(made_up, "made_up", elsewhere)
    write(tmp_path, "ridge", runs())
    of_stage(tmp_path)
    assert computed == 2 * ["tiny/ridge"]


def test_other_code_computes_again(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "ridge", runs())
    of_stage(tmp_path)
    monkeypatch.setattr(remembered, "_code", lambda: "other code")
    of_stage(tmp_path)
    assert computed == 2 * ["tiny/ridge"]


def test_differences_are_remembered_by_both_cells(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str]
) -> None:
    stages = {"baseline": runs("baseline"), "ridge": runs(), "drop": runs("drop")}
    for stage, asked in stages.items():
        write(tmp_path, stage, asked)
    baseline, ridge, drop = (of_stage(tmp_path, stage)[0] for stage in stages)
    computed.clear()
    taken = [remembered.differences(tmp_path, cell, baseline) for cell in (ridge, drop, ridge)]
    assert computed == ["ridge - baseline", "drop - baseline"]
    pd.testing.assert_frame_equal(taken[2], taken[0], check_exact=True)
    assert [set(table.variant) for table in taken] == [{"ridge"}, {"drop"}, {"ridge"}]
    pd.testing.assert_frame_equal(taken[0], tables.differences(ridge[2], baseline[2]), check_exact=True)
    computed.clear()
    remembered.differences(tmp_path, ridge, drop)  # another reference
    write(tmp_path, "baseline", a_key(runs("baseline")))
    remembered.differences(tmp_path, ridge, of_stage(tmp_path, "baseline")[0])  # other runs of the reference
    assert computed == ["ridge - drop", "tiny/baseline", "ridge - baseline"]


def test_a_copy_of_the_checkout_remembers_with_it(
    tmp_path: Path, runs: Callable[..., list[Run]], computed: list[str]
) -> None:
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "copy"
    for root in (tmp_path, copy):
        write(root, "ridge", runs())
        of_stage(root)
    assert computed == ["tiny/ridge"]
    assert not (copy / remembered.FOLDER).exists()


# ---- the digest of the code ----


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with a file in every folder whose code counts, and one beside them."""
    for folder in (*remembered.CODE, "drawing"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "some.py").write_text("LEVEL = 0.05\n", encoding="utf-8")
    monkeypatch.setattr(remembered, "PACKAGE", tmp_path)
    remembered._code.cache_clear()
    yield tmp_path
    remembered._code.cache_clear()


@pytest.mark.parametrize(
    ("file", "content", "changed"),
    [
        ("evaluation/some.py", "LEVEL = 0.01\n", True),
        ("science/some.py", "LEVEL = 0.01\n", True),
        ("science/more.py", "LEVEL = 0.05\n", True),
        ("science/some.py", "LEVEL = 0.05  # as everybody\n", False),
        ("drawing/some.py", "LEVEL = 0.01\n", False),
    ],
)
def test_the_code_is_that_of_evaluation_and_science(
    package: Path, file: str, content: str, changed: bool
) -> None:
    before = remembered._code()
    (package / file).write_text(content, encoding="utf-8")
    remembered._code.cache_clear()
    assert (remembered._code() != before) is changed


def test_every_setting_is_measured_against_its_own_test_labels(
    tmp_path: Path, runs: Callable[..., list[Run]]
) -> None:
    later = [run.model_copy(update={"key": f"later-{run.key}"}) for run in runs(setting="later")]
    write(tmp_path, "ridge", [*runs(), *later])
    labels = {"tiny": LABELS, "later": LABELS[::-1].copy()}
    measured = {of_cell.setting: of_cell for _, _, of_cell in remembered.of_stage(tmp_path, "ridge", labels)}
    for cell in cells.read(tmp_path, "ridge"):
        wrong = 100.0 * (cell.log_probabilities.argmax(axis=-1) != labels[cell.setting]).mean(axis=1)
        assert np.array_equal(measured[cell.setting].wrong, wrong)
