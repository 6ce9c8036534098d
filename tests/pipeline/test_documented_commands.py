"""Every command of README.md and docs/ is run by a test: here, or where this file says."""

import re
from pathlib import Path

from mlflow import MlflowClient
from ruamel.yaml import YAML

from tests import asking
from tests.pipeline.clone import Clone
from tests.servers import free_port, started, until_healthy

# Tests that read a page and run all that it says.
ELSEWHERE = {
    "docs/cluster.md": "tests/training/test_cluster_page.py",
    "docs/compare.md": "tests/pipeline/test_compare.py",
    "docs/terminal.md": "tests/test_dvc_views.py",
    "docs/your-own-data.md": "tests/pipeline/test_tutorials.py",
    "docs/your-own-question.md": "tests/pipeline/test_tutorials.py",
    "docs/your-own-network.md": "tests/pipeline/test_network_tutorial.py",
    "docs/your-own-regularizer.md": "tests/pipeline/test_tutorials.py",
}
HERE = ("README.md", "docs/tracking.md")


def typed(page: Path) -> list[str]:
    """What is typed in the console blocks of a page, without comments."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [line.removeprefix("$ ").partition(" #")[0].strip() for line in lines]


def test_every_page_with_commands_has_its_test(repository: Path) -> None:
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    found = {str(page.relative_to(repository)) for page in pages if typed(page)}
    assert found == {*ELSEWHERE, *HERE}
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (repository / test).read_text(encoding="utf-8")


def test_every_parameter_that_a_page_sets_may_be_set_in_the_study_as_it_is(repository: Path) -> None:
    """The tests that run the commands have fewer variants and questions than the study."""
    found = set()
    for page in (repository / "README.md", *(repository / "docs").glob("*.md")):
        found |= set(re.findall(r"(?:-S|--set-param) (\S+?)=([^\s`]+)", page.read_text(encoding="utf-8")))
    assert len(found) > 2
    yaml = YAML(typ="safe")
    for at, value in found:
        study = yaml.load(repository / "params.yaml")
        *parents, last = at.split(".")
        section = study
        for step in parents:
            section = section[step]
        assert last in section
        section[last] = yaml.load(value)
        asking.check(study)


def test_the_commands_of_the_readme(repository: Path, clone: Clone) -> None:
    quick, repro, test, ui, verify = typed(repository / "README.md")
    assert quick == "make quick"  # which made the toy study of these tests
    assert test == "make test"  # by which this runs
    # The tests' own interpreter stands for the environment that make would set up.
    prefix = ("make", "--old-file=.venv/.ready")
    make, target = repro.split()
    assert make == "make"
    assert clone.run(*prefix, target).succeeded().ran == []
    clone.run(*verify.split()).succeeded()
    make, target = ui.split()
    port = free_port()
    with started((*prefix, target, f"PORT={port}"), clone.root, clone.environment) as process:
        assert process.stdout is not None
        assert any(line.startswith(f"runs: http://127.0.0.1:{port}/") for line in process.stdout)
        until_healthy(process, port)


def test_the_commands_of_the_tracking_page(repository: Path, clone: Clone, tmp_path: Path) -> None:
    verify, sync, export, server, study, *_ = typed(repository / "docs" / "tracking.md")
    clone.run(*verify.split()).succeeded()
    clone.run(*sync.split()).succeeded()
    port = free_port()
    assert server.endswith(" &")
    script = f"{export}\nexec {server.removesuffix(' &')} >&2".replace("5000", str(port))
    with started(("bash", "-e", "-c", script), tmp_path, clone.environment) as process:
        until_healthy(process, port)
        clone.without_questions().edit({"variants.l2.l2.strength": 0.03})
        ended = clone.run("bash", "-e", "-c", study.replace("5000", str(port))).succeeded()
        assert set(ended.ran) == {"plan", "variant@l2", "evaluate"}
        there = MlflowClient(tracking_uri=f"http://127.0.0.1:{port}")
        experiment = there.get_experiment_by_name("regularization-study")
        assert experiment is not None
        found = there.search_runs([experiment.experiment_id], "tags.variant = 'l2'")
    assert {run.info.status for run in found} == {"FINISHED"}


def test_results_travel_through_a_remote(repository: Path, clone: Clone, tmp_path: Path) -> None:
    *_, remote, push, pull, sync = typed(repository / "docs" / "tracking.md")
    for command in (remote, push, "git add --all", "git commit --quiet --no-verify --message remote"):
        clone.run(*command.split()).succeeded()
    clone.run("git", "clone", "--quiet", str(clone.root), str(tmp_path / "colleague")).succeeded()
    other = Clone(tmp_path / "colleague", clone.environment)
    assert not (other.root / "results").exists()
    for command in (pull, sync, "python -m pipeline verify"):
        other.run(*command.split()).succeeded()
    kept = ("results/plan", "results/runs")
    assert other.contents(*kept) == clone.contents(*kept) != {}
    assert other.run("dvc", "repro").succeeded().ran == []
