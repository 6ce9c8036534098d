"""A study with parameters of its own: what its copy runs, and which reports it leaves."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pipeline import copies, studies, toy
from pipeline.system.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study in a checkout whose reports are those of another."""
    root = tmp_path / "checkout"
    files = {
        "params.yaml": "scale: 1\n",
        "reports/report.md": "of the default study",
        "reports/questions/choice/answer.md": "of the default study",
        "reports/stability.csv": "claim\n",
        "reports/power.csv": "claim\n",
        "studies/mine/params.yaml": "scale: 2\n",
        "studies/mine/reports/old.md": "of an earlier run",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=b commit -qm c"):
        subprocess.run(["git", *command.split()], cwd=root, check=True)
    for module in (copies, toy):
        monkeypatch.setattr(module, "ROOT", root)
    return root / "studies" / "mine"


@pytest.fixture
def repro(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was there when `dvc repro` was called, which writes a report or fails."""
    found = []

    def run(command: Sequence[str], root: Path, variables: Mapping[str, str]) -> int:
        found.append(sorted(path.name for path in (root / "reports").rglob("*") if path.is_file()))
        scale = (root / "params.yaml").read_text(encoding="utf-8")
        (root / "reports" / "report.md").write_text(f"with {scale}", encoding="utf-8")
        return int("3" in scale)

    monkeypatch.setattr("pipeline.copies.children.run", run)
    return found


def test_its_reports_stand_beside_its_parameters(
    folder: Path, tmp_path: Path, repro: list[list[str]]
) -> None:
    studies.run(folder, tmp_path / "copies")
    assert repro == [["power.csv", "stability.csv"]]
    reports = folder / "reports"
    assert [path.name for path in reports.iterdir()] == ["report.md"]
    assert (reports / "report.md").read_text(encoding="utf-8") == "with scale: 2\n"
    checkout = folder.parent.parent
    assert (checkout / "params.yaml").read_text(encoding="utf-8") == "scale: 1\n"
    assert (checkout / "reports" / "report.md").read_text(encoding="utf-8") == "of the default study"


def test_a_stage_that_fails_leaves_the_earlier_reports(
    folder: Path, tmp_path: Path, repro: list[list[str]]
) -> None:
    (folder / "params.yaml").write_text("scale: 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"study: a stage failed in .*copies/mine; its own message is above"):
        studies.run(folder, tmp_path / "copies")
    assert (folder / "reports" / "old.md").exists()


def test_a_folder_without_parameters_is_refused(folder: Path, tmp_path: Path, repro: list[list[str]]) -> None:
    with pytest.raises(UserError, match=r"folder: expected one with params.yaml, .* received .*studies$"):
        studies.run(folder.parent, tmp_path / "copies")
    assert repro == []
