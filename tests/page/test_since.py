"""The verdicts of a new run beside those of the last commit."""

import subprocess
from pathlib import Path

import pytest

from pipeline.page import since

HEADER = "claim,text,verdict\n"


def judged(root: Path, **questions: dict[str, str]) -> None:
    for name, verdicts in questions.items():
        path = root / since.VERDICTS.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f'{claim},"one, or two",{verdict}\n' for claim, verdict in verdicts.items()]
        path.write_text(HEADER + "".join(rows), encoding="utf-8")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A repository whose commit has three verdicts; the study is a folder of it."""
    study = tmp_path / "study"
    judged(study, weights={"3a": "supported", "3b": "refuted"}, choice={"9a": "conditional"})
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "first")):
        subprocess.run(("git", "-C", str(tmp_path), *command), check=True)
    return study


def test_equal_verdicts_are_counted(committed: Path) -> None:
    assert since.sentence(committed) == "all 3 verdicts are those of the last commit"


def test_other_verdicts_are_named(committed: Path) -> None:
    judged(committed, weights={"3a": "conditional", "3b": "refuted", "3x": "supported"})
    said = since.sentence(committed)
    assert said.startswith(
        "1 of 3 verdicts differ from the last commit's: 3a (conditional, was supported); where only"
    )


def test_without_anything_to_compare_nothing_is_said(tmp_path: Path, committed: Path) -> None:
    judged(tmp_path / "new", weights={"3a": "supported"})
    assert since.sentence(tmp_path / "new") == ""
    assert since.sentence(tmp_path / "nowhere") == ""
