"""The toy copy: what comes along, what is shrunk, and what it refuses to replace."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import questions, toy
from pipeline.datasets import obtain
from pipeline.params.toy import CANDIDATES, LIMITS
from pipeline.system.errors import UserError
from tests import asking

Repro = Callable[[int], list[dict[str, Any]]]
FULL = """\
# Everything that can change a result.

data:
  validation: 10000      # images held out
  seed: 0

tuning:
  splits: 2              # of its own
  baseline:
    epochs:        [1, 20, 40]
    learning_rate: [1.0e-3, 1.0e-4, 1.0e-5]

settings:
  large:                 # above every limit
    train_size: 60000
    validation_size: 2000
    network: {dense: {hidden: [128, 64]}}
    optimizer: {name: adam, learning_rate: 1.0e-3}
    epochs: 60
    batch_size: 32       # stays
    splits: 10           # disjoint
    inits: 10
    seed: 9999
    variants: all
    overrides: {}

  small:
    train_size: 500      # at the limit
    validation_size: 0
    epochs: 2
    batch_size: 32
    splits: 1
    inits: 3
    variants: [drop]
    overrides: {}

# A variant is a named mapping of regularizers.
variants:
  ridge: {l2: {strength: [5.0e-4, 1.0e-3, 2.0e-3]}}
  drop: {dropout: {rate: 0.5}}
  mild: {l1: {strength: 1.0e-3}}

questions:
  overfitting: {}
  tradeoff: {settings: [large], variants: [ridge], splits: 5}
  weights: {settings: [large], variants: [ridge], splits: 4}
  penalties: {}
  features: {}
  dropout: {}
  early_stopping: {}
  batch_norm:
    setting: large
    variant: ridge
    splits: 3
    epochs: 30           # of a question
    rates: [1.0e-3, 1.0e-2, 0.1, 1.0, 10.0]
  textbook: {}
  choice:
    settings: [large]
    variants: [ridge]
    candidates: [1, 2]
    splits: 3
    conditions:
      more: {train_size: 5000, network: {dense: {hidden: [32]}}, splits: 4}
"""


def lines_changed(before: str, after: str) -> dict[str, str]:
    """The lines that differ, old to new; there are as many before as after."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return {old.strip(): new.strip() for old, new in pairs if old != new}


def test_shrink_changes_the_larger_values_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(FULL, encoding="utf-8")
    toy.shrink(path)
    limit = LIMITS
    assert lines_changed(FULL, path.read_text(encoding="utf-8")) == {
        "train_size: 60000": f"train_size: {limit['train_size']}",
        "validation_size: 2000": f"validation_size: {limit['validation_size']}",
        "epochs: 60": f"epochs: {limit['epochs']}",
        "splits: 10           # disjoint": f"splits: {limit['splits']}            # disjoint",
        "inits: 10": f"inits: {limit['inits']}",
        "splits: 2              # of its own": "splits: 1              # of its own",
        "epochs:        [1, 20, 40]": f"epochs: [1, {limit['epochs']}]",
        "learning_rate: [1.0e-3, 1.0e-4, 1.0e-5]": "learning_rate: [1.0e-3, 1.0e-4]",
        "ridge: {l2: {strength: [5.0e-4, 1.0e-3, 2.0e-3]}}": "ridge: {l2: {strength: [5.0e-4, 1.0e-3]}}",
        "tradeoff: {settings: [large], variants: [ridge], splits: 5}": (
            f"tradeoff: {{settings: [large], variants: [ridge], splits: {limit['splits']}}}"
        ),
        "weights: {settings: [large], variants: [ridge], splits: 4}": (
            f"weights: {{settings: [large], variants: [ridge], splits: {limit['splits']}}}"
        ),
        "epochs: 30           # of a question": f"epochs: {limit['epochs']}            # of a question",
        "rates: [1.0e-3, 1.0e-2, 0.1, 1.0, 10.0]": "rates: [1.0e-3, 0.1, 10.0]",
        "candidates: [1, 2]": "candidates: [0, 1]",
        "more: {train_size: 5000, network: {dense: {hidden: [32]}}, splits: 4}": (
            f"more: {{train_size: {limit['train_size']}, network: {{dense: {{hidden: [32]}}}}, "
            f"splits: {limit['splits']}}}"
        ),
    }
    once = path.read_text(encoding="utf-8")
    toy.shrink(path)
    assert path.read_text(encoding="utf-8") == once


def test_a_first_look_keeps_what_it_needs_and_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    full = FULL.replace(
        "  mild: {l1: {strength: 1.0e-3}}",
        """\
  mild: {l1: {strength: 1.0e-3}}
  more: {l1: {strength: 1.0e-2}}
  strong: {l1: {strength: 1.0}}""",
    )
    full = full.replace(
        "  small:", "  other: {validation_size: 9, variants: [drop], overrides: {}}\n\n  small:"
    )
    known = YAML(typ="safe").load(full)
    changed = copy.deepcopy(known)
    changed["settings"]["other"]["overrides"] = {"drop": {"dropout": {"rate": 0.1}}}
    changed["variants"]["strong"]["l1"]["strength"] = 0.5
    for committed, settings, variants in (
        (known, ["large", "small"], ["ridge", "drop", "mild"]),
        (changed, ["large", "other", "small"], ["ridge", "drop", "mild", "strong"]),
    ):
        path.write_text(full, encoding="utf-8")
        toy.keep_a_few(path, committed)
        expected = copy.deepcopy(known)
        expected["settings"] = {name: known["settings"][name] for name in settings}
        expected["variants"] = {name: known["variants"][name] for name in variants}
        assert YAML(typ="safe").load(path) == expected


def test_conditions_that_are_the_same_at_toy_size_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    conditions = [
        "small: {train_size: 100}",
        "as_it_is: {train_size: 9000}",
        "wide: {network: {dense: {hidden: [300]}}}",
    ]
    conditions += [
        "wider: {network: {dense: {hidden: [300]}}, train_size: 700}",
        "deep: {network: {dense: {hidden: [9, 9]}}}",
        "last: {network: {dense: {hidden: [7]}}}",
    ]
    path.write_text(FULL + "".join(f"      {condition}\n" for condition in conditions), encoding="utf-8")
    toy.shrink(path)
    left = YAML(typ="safe").load(path)["questions"]["choice"]["conditions"]
    assert list(left) == ["more", "small", "wide"]


SHARED = """\
  early: {early_stopping: {patience: *e}}
  drop: {dropout: {rate: 0.5}}"""


def test_a_list_that_an_alias_repeats_is_shrunk_at_its_own_place_alone(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    aliased = FULL.replace("epochs:        [1, 20, 40]", "epochs: &e [1, 20, 40]")
    path.write_text(aliased.replace("  drop: {dropout: {rate: 0.5}}", SHARED), encoding="utf-8")
    toy.shrink(path)
    shrunk = YAML(typ="safe").load(path)
    assert shrunk["tuning"]["baseline"]["epochs"] == [1, LIMITS["epochs"]]
    assert shrunk["variants"]["early"] == {"early_stopping": {"patience": [1, 20]}}


def test_a_first_look_at_the_committed_study_is_valid(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((repository / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    toy.keep_a_few(path, YAML(typ="safe").load(path))
    toy.shrink(path)
    assert list(questions.load(path).variants) == ["l2", "dropout", "batch_norm"]


def test_the_committed_file_is_valid_when_shrunk(tmp_path: Path, repository: Path) -> None:
    text = (repository / "params.yaml").read_text(encoding="utf-8")
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    toy.shrink(path)
    questions.load(path)
    expected = YAML(typ="safe").load(text)
    for setting in expected["settings"].values():
        for name, limit in LIMITS.items():
            setting[name] = min(setting[name], limit)
    lists = expected["tuning"]["baseline"]
    lists["epochs"] = [min(count, LIMITS["epochs"]) for count in lists["epochs"]]
    expected["tuning"]["splits"] = 1
    for part in (lists, *(part for mix in expected["variants"].values() for part in mix.values())):
        for name, field in part.items():
            part[name] = field[:CANDIDATES] if isinstance(field, list) else field
    asked = expected["questions"]
    rates = asked["batch_norm"]["rates"]
    asked["batch_norm"]["rates"] = [rates[0], rates[len(rates) // 2], rates[-1]]
    asked["choice"]["candidates"] = list(range(CANDIDATES))
    del asked["weights"]["proximal"][CANDIDATES:]
    conditions = asked["choice"]["conditions"]
    asked["choice"]["conditions"] = {name: conditions[name] for name in ("n100", "narrow", "wide")}
    for section in (*asked.values(), *asked["choice"]["conditions"].values()):
        for name, limit in LIMITS.items():
            if name in section:
                section[name] = min(section[name], limit)
    assert YAML(typ="safe").load(path) == expected
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    shrunk = path.read_text(encoding="utf-8").splitlines()
    assert [line.partition("#")[2] for line in shrunk if "#" in line] == comments


@pytest.mark.parametrize("setting", [{"splits": 5, "inits": 1}, {"train_size": 1000, "batch_size": 1000}])
def test_a_valid_setting_is_valid_when_shrunk(
    tmp_path: Path, raw_params: dict[str, Any], setting: Mapping[str, int]
) -> None:
    path = tmp_path / "params.yaml"
    raw_params["settings"]["small"] |= setting
    YAML().dump(raw_params, path)
    asking.check(YAML(typ="safe").load(path))
    toy.shrink(path)
    questions.load(path)


# ---- the copy ----

WHO = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two files and an ignored folder, with changes that are not committed."""
    root = tmp_path / "checkout"
    root.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setattr(toy, "ROOT", root)
    committed = {
        "dvc.yaml": "stages: {}\n",
        "params.yaml": FULL,
        "pipeline/code.py": "old\n",
        "gone.py": "old\n",
    }
    for name, text in {**committed, ".gitignore": "/data/\n__pycache__/\n"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "."], [*WHO, "commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    (root / "pipeline" / "code.py").write_text("changed\n", encoding="utf-8")
    (root / "gone.py").unlink()
    for new in (
        "pipeline/new_ä.py",
        "pipeline/deep/new.py",
        "data/download/big",
        "pipeline/__pycache__/x.pyc",
    ):
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / new).write_text("new\n", encoding="utf-8")
    return root


def files(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


COPIED = {
    ".gitignore": "/data/\n__pycache__/\n",
    "dvc.yaml": "stages: {}\n",
    "params.yaml": FULL,
    "pipeline/code.py": "changed\n",
    "pipeline/deep/new.py": "new\n",
    "pipeline/new_ä.py": "new\n",
}


def test_a_copy_has_what_is_not_committed_and_nothing_ignored(tmp_path: Path, checkout: Path) -> None:
    toy.copy(tmp_path / "deep" / "copy")
    assert files(tmp_path / "deep" / "copy") == COPIED
    assert (tmp_path / "deep" / "copy" / ".git").is_dir()
    assert files(checkout)["data/download/big"] == "new\n"


def test_own_data_come_along_also_where_git_ignores_them(tmp_path: Path, checkout: Path) -> None:
    own = {"datasets/.gitignore": "/kept.npz\n", "datasets/kept.npz": "by DVC\n", "datasets/new.npz": "new\n"}
    (checkout / "datasets").mkdir()
    for name, text in own.items():
        (checkout / name).write_text(text, encoding="utf-8")
    toy.copy(tmp_path / "copy")
    assert files(tmp_path / "copy") == COPIED | own


def test_links_lead_where_they_led(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "images.npz").write_text("large\n", encoding="utf-8")
    (checkout / "datasets").mkdir()
    (checkout / "datasets" / "own").symlink_to("../../disk")
    (checkout / "datasets" / "own.npz").symlink_to(tmp_path / "disk" / "images.npz")
    toy.copy(tmp_path / "copy")
    own = tmp_path / "copy" / "datasets"
    assert (own / "own").readlink() == tmp_path / "disk"
    assert (own / "own.npz").readlink() == tmp_path / "disk" / "images.npz"
    assert files(tmp_path / "copy") == COPIED | {"datasets/own.npz": "large\n"}


def test_another_repository_in_the_checkout_stays_behind(tmp_path: Path, checkout: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(checkout), str(checkout / "other")], check=True)
    toy.copy(tmp_path / "copy")
    assert files(tmp_path / "copy") == COPIED


@pytest.mark.parametrize("place", ["empty", "earlier"])
def test_an_empty_folder_and_an_earlier_copy_are_replaced(tmp_path: Path, checkout: Path, place: str) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    if place == "earlier":
        toy.copy(target)
        (target / "leftover.py").touch()
        (checkout / "pipeline" / "deep" / "new.py").write_text("newer\n", encoding="utf-8")
    toy.copy(target)
    assert files(target) == COPIED | ({"pipeline/deep/new.py": "newer\n"} if place == "earlier" else {})


def refused(directory: Path) -> None:
    before = files(directory.parent)
    with pytest.raises(UserError) as refusal:
        toy.copy(directory)
    assert str(refusal.value) == f"directory: expected a new or earlier copy, received {directory}"
    assert files(directory.parent) == before


def test_a_folder_with_something_else_in_it_is_refused_and_kept(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("of years", encoding="utf-8")
    refused(tmp_path / "home")


def test_another_project_is_refused_and_kept(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    refused(tmp_path / "project")


def test_the_checkout_itself_is_refused_and_kept(checkout: Path) -> None:
    refused(checkout)


def test_a_file_is_refused_and_kept(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    refused(tmp_path / "file")


def test_a_copy_may_lie_in_the_checkout(checkout: Path) -> None:
    toy.copy(checkout / "copy")
    assert files(checkout / "copy") == COPIED


def test_a_part_of_a_larger_repository_is_copied_where_it_lies(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = checkout.rename(tmp_path / "part")
    (tmp_path / "whole").mkdir()
    part = whole.rename(tmp_path / "whole" / "part")
    (part / ".git").rename(tmp_path / "whole" / ".git")
    (tmp_path / "whole" / "other.txt").write_text("of the larger repository\n", encoding="utf-8")
    monkeypatch.setattr(toy, "ROOT", part)
    for command in (["add", "--all"], [*WHO, "commit", "--quiet", "--message", "moved"]):
        subprocess.run(["git", "-C", str(tmp_path / "whole"), *command], check=True)
    (part / "params.yaml").write_text(f"{FULL}# changed\n", encoding="utf-8")
    assert toy.copy(tmp_path / "copy") == tmp_path / "copy" / "part"
    expected = COPIED | {"params.yaml": f"{FULL}# changed\n"}
    assert files(tmp_path / "copy") == {f"part/{name}": text for name, text in expected.items()}
    assert toy._committed() == YAML(typ="safe").load(FULL)


@pytest.mark.parametrize("place", ["checkout", "linked worktree"])
def test_a_hook_that_makes_a_copy_commits_what_the_user_committed(
    tmp_path: Path, checkout: Path, repository: Path, place: str
) -> None:
    root = checkout
    if place == "linked worktree":
        root = tmp_path / "linked"
        subprocess.run(["git", "-C", str(checkout), "worktree", "add", "--quiet", str(root)], check=True)
    program = (
        f"import sys; sys.path.insert(0, {str(repository)!r}); from pathlib import Path; "
        f"from pipeline import toy; toy.ROOT = Path({str(root)!r}); "
        f"toy.copy(Path({str(tmp_path / 'copy')!r}))"
    )
    hook = checkout / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}"\n', encoding="utf-8")
    hook.chmod(0o755)
    (root / "dvc.yaml").write_text("stages: {} # changed\n", encoding="utf-8")
    command = ["git", *WHO, "-C", str(root), "commit", "--quiet", "--all", "--message", "second"]
    subprocess.run(command, check=True)
    command = ["git", "-C", str(root), "diff", "--name-only", "HEAD~1", "HEAD"]
    committed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "dvc.yaml" in committed
    assert "params.yaml" not in committed
    assert files(tmp_path / "copy")["dvc.yaml"] == "stages: {} # changed\n"


def test_nothing_of_the_users_git_runs_in_the_copy(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    (hooks / "post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    toy.copy(tmp_path / "copy")
    assert not (tmp_path / "ran").exists()


def test_in_the_copy_git_sees_what_is_not_committed_and_no_more(tmp_path: Path, checkout: Path) -> None:
    toy.copy(tmp_path / "copy")
    said = [
        subprocess.run(
            ["git", "-C", str(root), "status", "--short"], capture_output=True, text=True, check=True
        ).stdout
        for root in (checkout, tmp_path / "copy")
    ]
    assert said[0] == said[1] != ""


@pytest.mark.parametrize("kind", ["no repository", "another user's"])
def test_where_git_fails_an_earlier_copy_stays(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    toy.copy(tmp_path / "copy")
    before = files(tmp_path / "copy")
    if kind == "no repository":
        (checkout / ".git").rename(tmp_path / "git")
    else:
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UserError, match=r"^git: expected a repository|safe\.directory"):
        toy.copy(tmp_path / "copy")
    assert files(tmp_path / "copy") == before


# ---- the run ----


@pytest.fixture
def repro(monkeypatch: pytest.MonkeyPatch) -> Repro:
    """Have `dvc repro` end with a code instead of running; what it was called with is listed."""
    calls: list[dict[str, Any]] = []

    def end_with(code: int) -> list[dict[str, Any]]:
        def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
            calls.append({"command": command, "folder": folder, "variables": variables})
            return code

        monkeypatch.setattr("pipeline.toy.children.run", run)
        return calls

    return end_with


def test_the_pipeline_runs_in_the_shrunk_copy(
    tmp_path: Path, checkout: Path, repro: Repro, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///store.db")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.delenv("MNIST_DIR", raising=False)
    calls = repro(0)
    toy.run(tmp_path / "copy")
    (call,) = calls
    assert call["command"] == (sys.executable, "-m", "dvc", "repro")
    assert call["folder"] == tmp_path / "copy"
    variables = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert call["variables"] == variables | {"PATH": path}
    assert "epochs: 3" in (tmp_path / "copy" / "params.yaml").read_text(encoding="utf-8")
    assert (checkout / "params.yaml").read_text(encoding="utf-8") == FULL


IDX = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


@pytest.mark.parametrize("named", [None, "/mnt/images"])
@pytest.mark.parametrize(("variable", "kept"), [("MNIST_DIR", ""), ("FASHION_MNIST_DIR", "fashion_mnist")])
def test_a_whole_download_is_taken_along_unless_another_is_named(
    tmp_path: Path,
    checkout: Path,
    repro: Repro,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    kept: str,
    named: str | None,
) -> None:
    for dataset in obtain.PUBLISHED.values():
        monkeypatch.delenv(dataset.variable, raising=False)
    if named:
        monkeypatch.setenv(variable, named)
    download = checkout / "data" / "download" / kept
    download.mkdir(exist_ok=True)
    calls = repro(0)
    for name in IDX[1:]:
        (download / name).touch()
    toy.run(tmp_path / "copy")
    assert calls[-1]["variables"].get(variable) == named
    (download / IDX[0]).touch()
    toy.run(tmp_path / "copy")
    assert calls[-1]["variables"][variable] == (named or str(download))
    assert sum(dataset.variable in calls[-1]["variables"] for dataset in obtain.PUBLISHED.values()) == 1


def test_a_stage_that_fails_is_one_line(tmp_path: Path, checkout: Path, repro: Repro) -> None:
    repro(1)
    with pytest.raises(UserError) as failure:
        toy.run(tmp_path / "copy")
    assert str(failure.value) == f"quick: a stage failed in {tmp_path / 'copy'}; its own message is above"
