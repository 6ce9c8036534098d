"""`adapt` as it is called: what it reads, writes and says, and what it refuses."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from pipeline import adapt, questions
from pipeline.__main__ import app
from pipeline.params import check_images
from pipeline.system.errors import UserError

TEXT = (Path(__file__).resolve().parents[2] / "params.yaml").read_text(encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    same = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    command = ["git", "-C", str(root), *same, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> None:
    git(root, "add", "params.yaml")
    git(root, "commit", "--quiet", "--no-verify", "--message", "parameters")


def save(root: Path, counts: tuple[int, ...] = (900, 300, 60), side: int = 8) -> str:
    """Noise of so many training images a class, unbalanced, and no test set."""
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.random.default_rng(0).integers(256, size=(len(labels), side, side), dtype=np.uint8)
    (root / "datasets").mkdir(exist_ok=True)
    np.savez(root / "datasets" / "mine.npz", images=images, labels=labels)
    return "datasets/mine.npz"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the study's parameters alone."""
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKERS", "2")
    return tmp_path


def refusal(root: Path, path: str) -> str:
    before = (root / "params.yaml").read_bytes()
    with pytest.raises(UserError) as refused:
        adapt.run(root, Path(path))
    (line,) = str(refused.value).splitlines()
    assert (root / "params.yaml").read_bytes() == before
    return line


def test_it_writes_a_valid_study_and_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = save(root)
    adapt.run(root, Path(source))
    note, *said = capsys.readouterr().out.splitlines()
    assert note.startswith("datasets/mine.npz: no test set is given: a fifth of the images of each class")
    study = questions.load(root / "params.yaml")
    check_images(study, {source: (1008, 8, 8)})
    words = {line.partition(":")[0]: line.partition(":")[2].strip() for line in said}
    assert words["data"] == f"{source}: 1,008 training images of 8 x 8, 3 classes"
    assert words["held out"] == "200 of them, for every choice"
    assert words["settings"].startswith("small, noisy, conv: each ")
    assert f"{study.settings['small'].train_size} of the others" in words["settings"]
    assert "settings notebook" in words["removed"]
    assert words["time"].startswith("about ")
    assert words["next"] == "dvc repro; git checkout params.yaml takes this back"
    git(root, "checkout", "params.yaml")
    assert (root / "params.yaml").read_text(encoding="utf-8") == TEXT


def test_changes_that_are_not_committed_are_refused_or_forced(root: Path) -> None:
    source = save(root)
    adapt.run(root, Path(source))
    expected = (
        "params.yaml: expected no uncommitted changes, for they would be lost, received some; commit them, "
        "put them aside with git stash, or take --force"
    )
    assert refusal(root, source) == expected
    git(root, "add", "params.yaml")
    assert refusal(root, source) == expected
    adapt.run(root, Path(source), force=True)
    commit(root)
    adapt.run(root, root / source)
    assert questions.load(root / "params.yaml").sources() == [source]


def test_what_is_wrong_with_the_data_is_a_line(root: Path) -> None:
    source = save(root, (100, 100))
    assert refusal(root, source) == (
        f"{source}: expected at least 249 training images of 2 classes for 3 training sets and 1 to tune on, "
        "of 50 each, received 160; add images"
    )
    (root / source).write_bytes(b"no archive")
    assert refusal(root, source).startswith(f"{source}: expected ")
    assert refusal(root, "datasets/other") == (
        "datasets/other: expected a file or folder, received a path where nothing is"
    )
    for path in ("mnist", "datasets", "datasets/../elsewhere.npz"):
        assert refusal(root, path) == (
            f"path: expected data in datasets/, received {path}; put the file or folder there"
        )


def test_faults_of_the_parameters_are_said_first(root: Path) -> None:
    (root / "params.yaml").write_text(TEXT.replace("scale: 1", "scale: 0"), encoding="utf-8")
    commit(root)
    assert refusal(root, save(root)).startswith("params.yaml: scale: expected ")


def test_the_command_takes_a_path_and_force(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Path, bool]] = []
    monkeypatch.setattr(adapt, "run", lambda root, path, force: called.append((path, force)))
    for arguments in (["datasets/a.npz"], ["datasets/b", "--force"]):
        assert CliRunner().invoke(app, ["adapt", *arguments]).exit_code == 0
    assert called == [(Path("datasets/a.npz"), False), (Path("datasets/b"), True)]


def test_without_a_commit_of_the_file_it_is_not_overwritten(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = save(root)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    (root / ".git").rename(tmp_path_factory.mktemp("git") / "git")
    assert refusal(root, source) == (
        "params.yaml: expected a commit that has it, for it is overwritten, received none; copy it and take "
        "--force"
    )
    adapt.run(root, Path(source), force=True)
    questions.load(root / "params.yaml")


def test_uncommitted_changes_are_seen_where_git_shows_no_new_files(root: Path) -> None:
    source = save(root)
    git(root, "rm", "--cached", "--quiet", "params.yaml")
    git(root, "commit", "--quiet", "--no-verify", "--message", "without")
    git(root, "config", "status.showUntrackedFiles", "no")
    assert "expected no uncommitted changes" in refusal(root, source)


def test_what_is_no_yaml_is_one_line(root: Path) -> None:
    source = save(root)
    (root / "params.yaml").write_text("scale: [\n", encoding="utf-8")
    commit(root)
    assert refusal(root, source).startswith("params.yaml: expected YAML, received ")


def test_values_that_aliases_repeat_are_adapted_each(root: Path) -> None:
    source = save(root)
    adapt.run(root, Path(source))
    expected = (root / "params.yaml").read_text(encoding="utf-8")
    aliased = TEXT.replace("variants: all", "variants: &every all", 1).replace(
        "variants: all", "variants: *every"
    )
    epochs = "[4, 8, 15, 30]"
    assert TEXT.count(f"epochs:        {epochs}") == 1
    aliased = aliased.replace(f"epochs:        {epochs}", f"epochs: &e {epochs}")
    (root / "params.yaml").write_text(aliased, encoding="utf-8")
    adapt.run(root, Path(source), force=True)
    loaded = [YAML(typ="safe").load(text) for text in (expected, (root / "params.yaml").read_text("utf-8"))]
    assert loaded[0] == loaded[1]
