"""DVC and MLflow agree, whatever became of either: `verify` and `sync` on a real study."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline.training.backend import import_keras
from tests.pipeline.clone import Clone

AGREE = "DVC and MLflow agree on {} Keras runs\n"
SAYS_IT = "MLflow says what DVC keeps\n"
SAID_BEFORE = "MLflow says what DVC keeps, and did before\n"
# Of a run that is written again: ids, where and when, and what says so.
ELSEWHERE = {"process", "mlflow.parentRunId", "mlflow.log-model.history"}
ELSEWHERE |= {"mlflow.source.name"}  # the folder
ELSEWHERE |= {f"mlflow.source.git.{name}" for name in ("commit", "dirty", "branch", "repoURL")}


def kept(clone: Clone) -> int:
    """How many Keras runs DVC keeps, counted in the files themselves."""
    files = (clone.root / "results" / "runs").glob("*/runs.json")
    return sum(path.read_text(encoding="utf-8").count('"order_seed"') for path in files)


def client(clone: Clone) -> tuple[MlflowClient, str]:
    there = MlflowClient(tracking_uri=f"sqlite:///{clone.root}/mlflow.db")
    found = there.get_experiment_by_name("regularization-study")
    assert found is not None
    return there, found.experiment_id


def content(clone: Clone) -> dict[Any, Any]:
    """All that MLflow says of the current runs, by kind, name and key, but for times and ids."""
    there, experiment = client(clone)
    said: dict[Any, Any] = {}
    for run in there.search_runs([experiment], "tags.current = 'true'", max_results=5000):
        tags = {name: value for name, value in run.data.tags.items() if name not in ELSEWHERE}
        curves = {
            name: [(p.step, repr(p.value)) for p in there.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
            if name.startswith("epoch/")
        }
        final = {name: repr(value) for name, value in run.data.metrics.items() if name not in curves}
        key = (run.data.tags["kind"], run.info.run_name, run.data.tags.get("run_key"))
        assert key not in said
        said[key] = (run.info.status, run.data.params, tags, final, curves)
    return said


def predictions(clone: Clone) -> dict[str, Any]:
    """What every registered network says of the same images."""
    import_keras()
    import mlflow

    images = np.random.default_rng(0).random((5, 28, 28), np.float32)
    there, _ = client(clone)
    found = {}
    for version in there.search_model_versions():
        (path,) = Path(url2pathname(urlsplit(str(version.source)).path)).rglob("*.keras")
        network = mlflow.keras.load_model(str(path.parent.parent))
        found[f"{version.name}/{version.tags['variant']}"] = network.predict(images, verbose=0)
    return found


def agrees(clone: Clone) -> bool:
    return clone.python("pipeline", "verify").succeeded().output == AGREE.format(f"{kept(clone):,}")


def test_a_fresh_study_agrees(toy_clone: Clone) -> None:
    assert agrees(toy_clone)


def test_results_are_compared_with_the_lock_and_not_with_the_cache(clone: Clone, tmp_path: Path) -> None:
    """A cache that is moved away, or shared by others and cleaned, makes no result untrue."""
    (clone.root / ".dvc" / "cache").rename(tmp_path / "elsewhere")
    assert agrees(clone)
    (clone.root / "results" / "runs" / "l2" / "added.txt").write_text("by hand\n", encoding="utf-8")
    ended = clone.python("pipeline", "verify")
    assert ended.code == 1
    assert "results/runs/l2: expected as dvc.lock has it, found it modified" in ended.output.splitlines()


def test_a_deleted_store_is_written_again_and_equals_the_first(toy_clone: Clone, clone: Clone) -> None:
    before, networks = content(toy_clone), predictions(toy_clone)
    for name in ("mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
        (clone.root / name).unlink(missing_ok=True)
    shutil.rmtree(clone.root / "mlartifacts")
    ended = clone.python("pipeline", "verify")
    assert ended.code == 1
    assert "small/l2: expected one run in MLflow, found 0" in ended.output.splitlines()
    mended = clone.python("pipeline", "sync").succeeded().output.splitlines(keepends=True)
    assert mended[-1] == SAYS_IT
    assert "mended: small/l2\n" in mended
    assert agrees(clone)
    assert content(clone) == before
    again = predictions(clone)
    assert again.keys() == networks.keys()
    assert all(np.array_equal(again[name], networks[name]) for name in networks)
    assert clone.python("pipeline", "sync").succeeded().output == SAID_BEFORE


def test_the_aliases_follow_the_validation_loss(toy_clone: Clone) -> None:
    there, experiment = client(toy_clone)
    parents = there.search_runs([experiment], "tags.kind = 'variant' and tags.setting = 'small'")
    losses = {
        run.data.tags["variant"]: run.data.metrics["validation_cross_entropy_nats"]
        for run in parents
        if "question" not in run.data.tags
    }
    name = "regularization-study-small"
    champion = there.get_model_version_by_alias(name, "champion")
    assert losses[champion.tags["variant"]] == min(losses.values())  # rounded, two may be equal
    assert there.get_model_version_by_alias(name, "baseline").tags["variant"] == "baseline"
    assert "champion" not in there.get_registered_model("regularization-study-notebook").aliases


def test_a_checkout_of_another_revision_is_told_apart(clone: Clone) -> None:
    clone.run("git", "add", "--all").succeeded()
    clone.run("git", "commit", "--quiet", "--no-verify", "--message", "one").succeeded()
    before = content(clone)
    clone.edit({"variants.l2.l2.strength": 0.03})
    clone.run("dvc", "repro", "variant@l2").succeeded()
    clone.python("pipeline", "sync").succeeded()
    assert agrees(clone)
    clone.run("git", "checkout", "--quiet", "--force", "HEAD").succeeded()
    clone.run("dvc", "checkout", "--force").succeeded()
    assert "marked as current, but no such runs are kept" in clone.python("pipeline", "verify").output
    clone.python("pipeline", "sync").succeeded()
    assert agrees(clone)
    assert content(clone) == before
    others = [run for run in clone.logged("variant") if run.data.tags["current"] == "false"]
    assert {run.info.run_name for run in others} >= {"small/l2"}


@pytest.mark.parametrize("leave", ["moved", "copied"])
def test_a_checkout_that_goes_elsewhere_has_its_artifacts_there(
    clone: Clone, tmp_path: Path, leave: str
) -> None:
    """Whatever the name of the folder: MLflow keeps absolute addresses, as URLs."""
    networks = predictions(clone)
    elsewhere = tmp_path / "a b#c"
    (shutil.move if leave == "moved" else shutil.copytree)(clone.root, elsewhere)
    new = Clone(elsewhere, clone.environment)
    assert agrees(new)
    there, experiment = client(new)
    artifacts = (elsewhere / "mlartifacts").as_uri()
    addresses = [run.info.artifact_uri for run in there.search_runs([experiment], max_results=5000)]
    addresses += [model.artifact_location for model in there.search_logged_models([experiment])]
    assert addresses
    assert {address.startswith(f"{artifacts}/") for address in addresses} == {True}
    for name, values in predictions(new).items():
        assert (values == networks[name]).all()
    assert clone.root.exists() == (leave == "copied")
    # What is missing is named, and written here.
    shutil.rmtree(elsewhere / "mlartifacts")
    if leave == "moved":
        assert new.python("pipeline", "verify").code == 1
        new.python("pipeline", "sync").succeeded()
        assert agrees(new)
        assert not clone.root.exists()
