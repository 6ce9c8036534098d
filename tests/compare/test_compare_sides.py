"""What is read of a revision, an experiment and the workspace: of a small real repository."""

import hashlib
import json

import pytest
from ruamel.yaml import YAML

from pipeline.compare import changes, sides
from pipeline.compare.sides import Side
from pipeline.system.errors import UserError
from tests.compare.history import History

SCORES = {"small/baseline": [[9.0, 10.0], [11.0, 12.0]], "small/l2": [[8.0, 8.5], [9.0, 9.5]]}
BASELINE = "ab" + "c" * 38  # the commit that an experiment starts from


def read(history: History, name: str) -> Side:
    return sides.read(history.root, "A", name)


@pytest.fixture
def past(history: History) -> History:
    """Two commits, `first` and `second`, and changes that are not committed."""
    history.state(SCORES)
    history.commit("first")
    history.state({"small/l2": [[7.0]]}, {"variants.l2.l2.strength": 0.01}, splits="5" * 32)
    history.write("pipeline/datasets/draws.py", "changed = True\n")
    (history.root / "pipeline" / "records" / "files.py").unlink()
    history.commit("second")
    history.state(SCORES, {"settings.small.network.dense.hidden": [64, 32]})
    history.write("pipeline/new.py", "not committed = True\n")
    return history


def test_a_revision_is_read_as_it_was(past: History) -> None:
    first, second = read(past, "HEAD~1"), read(past, "second")
    assert (first.kind, first.commit) == ("git revision", past.git("rev-parse", "first"))
    assert first.parameters["variants.l2.l2.strength"] == 0.001
    assert second.parameters["variants.l2.l2.strength"] == 0.01
    assert first.parameters["settings.small.network.dense.hidden"] == [128]  # a list is one value
    assert first.data == {"data/images": "1" * 32, "data/splits": "2" * 32}
    assert first.scores.runs["small", "baseline"][1, 0]["test_error"] == 11.0
    assert first.scores.means["small", "l2"]["test_error"] == 8.75
    assert list(second.scores.runs) == [("small", "l2")]
    assert first.scores.source == "reports/tables/runs.csv"


def test_the_workspace_is_read_as_it_is(past: History) -> None:
    now = read(past, "workspace")
    assert (now.kind, now.commit) == ("workspace", past.git("rev-parse", "HEAD"))
    assert now.parameters["settings.small.network.dense.hidden"] == [64, 32]
    assert now.scores.means["small", "baseline"]["test_error"] == 10.5


def test_what_was_changed(past: History) -> None:
    first, second, now = (read(past, name) for name in ("first", "second", "workspace"))
    assert changes.parameters(first, second) == [changes.Change("variants.l2.l2.strength", "0.001", "0.01")]
    assert changes.code(first, second) == {
        "pipeline/datasets/draws.py": "changed",
        "pipeline/records/files.py": "removed",
    }
    assert changes.code(second, now) == {"pipeline/new.py": "added"}
    assert changes.data(first, second) == [changes.Change("data/splits", "2" * 32, "5" * 32)]
    assert changes.parameters(first, first) == changes.data(first, first) == []
    assert changes.code(first, first) == {}
    hidden = changes.Change("settings.small.network.dense.hidden", "[128]", "[64, 32]")
    assert hidden in changes.parameters(second, now)


def test_a_parameter_that_one_side_lacks_is_absent_and_odd_values_are_harmless(history: History) -> None:
    history.state(SCORES)
    history.commit("first")
    history.state(SCORES, {"variants.none": {"l1": {"strength": None}}, "data.note": "\x1b[2Jx" + "y" * 99})
    differing = changes.parameters(read(history, "first"), read(history, "workspace"))
    assert changes.Change("variants.none.l1.strength", "absent", "None") in differing
    (note,) = (change for change in differing if change.path == "data.note")
    assert note.new == " [2Jx" + "y" * 74 + "…"


def test_an_experiment_goes_by_its_name(past: History) -> None:
    past.git("update-ref", f"refs/exps/{BASELINE[:2]}/{BASELINE[2:]}/bold-idea", "first")
    side = read(past, "bold-idea")
    assert (side.kind, side.commit) == ("DVC experiment", past.git("rev-parse", "first"))


def test_a_revision_goes_before_an_experiment_of_its_name(past: History) -> None:
    past.git("update-ref", f"refs/exps/{BASELINE[:2]}/{BASELINE[2:]}/second", "first")
    assert read(past, "second").kind == "git revision"


def test_two_experiments_of_one_name_are_one_line(past: History) -> None:
    for commit in (BASELINE, BASELINE[::-1]):
        past.git("update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/twice", "first")
    with pytest.raises(
        UserError, match=r"^A: expected the name of one DVC experiment, received 'twice' of 2;"
    ):
        read(past, "twice")


@pytest.mark.parametrize("name", ["nope", "-h", "--all", "HEAD~99", "", "stash", "EXEC_HEAD"])
def test_what_is_no_version_is_one_line(past: History, name: str) -> None:
    past.git("update-ref", "refs/exps/exec/EXEC_HEAD", "first")  # DVC's own, which are no experiments
    past.git("update-ref", "refs/exps/celery/stash", "first")
    with pytest.raises(UserError) as raised:
        read(past, name)
    assert str(raised.value) == (
        f"A: expected a git revision, a DVC experiment or `workspace`, received {name!r}; "
        "git log and dvc exp list -A show them"
    )


def test_without_the_table_the_means_are_read(history: History) -> None:
    history.state(SCORES)
    (history.root / "reports" / "tables" / "runs.csv").unlink()
    row = {"test_error": 9.0, "test_cross_entropy": 0.4, "gap": 0.3, "bias": 0.1}
    history.write("reports/metrics/study.json", json.dumps({"small": {"l2": row}}))
    scores = read(history, "workspace").scores
    assert (scores.source, scores.runs) == ("reports/metrics/study.json", {})
    expected = {"test_error": 9.0, "test_cross_entropy": 0.4, "cross_entropy_gap": 0.3}
    assert scores.means == {("small", "l2"): expected}


HEADER = "setting,variant,split,init,test_error,test_cross_entropy,cross_entropy_gap\n"


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("reports/tables/runs.csv", "setting,variant\nsmall,l2\n", "Field required"),
        ("reports/tables/runs.csv", "setting,variant,split,init\nsmall,l2,0,0\n", "at 0.test_error: "),
        ("reports/tables/runs.csv", f"{HEADER}small,l2,0,0,nan,1,1\n", "finite number"),
        ("reports/tables/runs.csv", f"{HEADER}small,../l2,0,0,1,1,1\n", "match pattern"),
        ("reports/tables/runs.csv", f"{HEADER}small,l2,0,0,1,1,1\nsmall,l2,0,0,1,1,1\n", "small/l2 twice"),
        ("reports/tables/runs.csv", f"{HEADER}small,l2,0,0,1,1,1\nsmall,l2,1,1,1,1,1\n", "some of its inits"),
        ("dvc.lock", "stages: [1, 2]\n", "a dvc.lock that DVC wrote"),
        ("dvc.lock", "a: [\n", "a dvc.lock that DVC wrote"),
        ("dvc.lock", "stages: {plan: {deps: [{path: x}]}}\n", "a dvc.lock that DVC wrote"),
        ("params.yaml", "- 1\n", "a mapping of sections"),
        ("params.yaml", "a: [\n", "params.yaml"),
    ],
)
def test_a_file_of_another_kind_is_one_line(history: History, path: str, content: str, reason: str) -> None:
    history.state(SCORES)
    history.write(path, content)
    with pytest.raises(UserError) as raised:
        read(history, "workspace")
    assert str(raised.value).startswith("A: expected ")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_scores_at_all_is_one_line(history: History) -> None:
    history.state(SCORES)
    (history.root / "reports" / "tables" / "runs.csv").unlink()
    with pytest.raises(
        UserError, match=r"^A: expected reports/tables/runs\.csv or .*, received neither; run dvc"
    ):
        read(history, "workspace")


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


# As DVC writes the listing of a folder, whose digest is that of the folder.
LISTING = (
    f'[{{"md5": "{md5("# pipeline/datasets/draws.py" + chr(10))}", "relpath": "draws.py"}}, '
    f'{{"md5": "{md5("# pipeline/datasets/seeds.py" + chr(10))}", "relpath": "seeds.py"}}, '
    f'{{"md5": "{md5("# pipeline/datasets/splits.py" + chr(10))}", "relpath": "splits.py"}}]'
)


def test_scores_of_other_parameters_or_of_another_plan_are_told(history: History) -> None:
    history.state(SCORES)
    lock = YAML(typ="safe").load(history.root / "dvc.lock")
    content = (history.root / "params.yaml").read_bytes()
    lock["stages"]["plan"]["deps"] = [
        {"path": "params.yaml", "md5": hashlib.md5(content, usedforsecurity=False).hexdigest()},
        {"path": "pipeline/datasets", "md5": f"{md5(LISTING)}.dir"},
        {"path": "data/splits", "md5": "9.dir"},  # not in git: it cannot be looked at
    ]
    (history.root / "dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    history.commit("fresh")
    assert read(history, "fresh").stale == read(history, "workspace").stale == []
    history.write("params.yaml", content.decode() + "# edited, and nothing was run\n")
    assert read(history, "workspace").stale == ["params.yaml"]
    history.write("params.yaml", content.decode())
    draws = (history.root / "pipeline/datasets/draws.py").read_text(encoding="utf-8")
    history.write("pipeline/datasets/draws.py", "other code\n")
    assert read(history, "workspace").stale == ["pipeline/datasets"]
    history.write("pipeline/datasets/draws.py", draws)
    lock["stages"]["plan"]["outs"][0]["md5"] = "4" * 32  # planned anew, and not evaluated
    (history.root / "dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    assert read(history, "workspace").stale == ["results/plan"]


def test_a_part_of_a_larger_repository_is_read_like_a_whole(past: History) -> None:
    expected = {name: read(past, name) for name in ("first", "workspace")}
    whole = past.root.parent / "whole"
    whole.mkdir()
    (past.root / ".git").rename(whole / ".git")
    past.root.rename(whole / "part")
    part = History(whole / "part")
    part.commit("moved")
    moved, now = read(part, "moved"), read(part, "workspace")
    assert moved.code == now.code == expected["workspace"].code
    assert moved.parameters == now.parameters == expected["workspace"].parameters
    assert moved.scores == expected["first"].scores


@pytest.mark.parametrize("kind", ["no repository", "another user's"])
def test_where_git_fails_its_reason_is_one_line(
    past: History, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(past.root.parent))
    if kind == "no repository":
        (past.root / ".git").rename(past.root.parent / "git")
    else:
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for name in ("first", "workspace"):
        with pytest.raises(UserError, match=r"^git: expected a repository|safe\.directory") as raised:
            read(past, name)
        assert "\n" not in str(raised.value)
