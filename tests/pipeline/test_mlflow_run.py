"""`mlflow run`: the same stages, under the run that it opens."""

from mlflow import MlflowClient
from mlflow.entities import Run

from tests.pipeline.clone import Clone, Ended


def active(clone: Clone) -> list[Run]:
    """Every active run of every experiment in the store of the clone."""
    client = MlflowClient(tracking_uri=f"sqlite:///{clone.root}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, max_results=5000))


def recorded_under(clone: Clone, before: list[Run]) -> tuple[Run, list[Run], list[Run]]:
    """The run that mlflow opened since, the parents below it, and their runs."""
    old = {run.info.run_id for run in before}
    new = [run for run in active(clone) if run.info.run_id not in old]
    (outer,) = (run for run in new if "kind" not in run.data.tags)
    parents = [run for run in new if run.data.tags.get("mlflow.parentRunId") == outer.info.run_id]
    below = {parent.info.run_id for parent in parents}
    children = [run for run in new if run.data.tags.get("mlflow.parentRunId") in below]
    assert len(new) == 1 + len(parents) + len(children)
    return outer, parents, children


def check(clone: Clone, ended: Ended, before: list[Run], variant: str, strength: float) -> Run:
    assert "Traceback" not in ended.output + ended.errors
    outer, parents, children = recorded_under(clone, before)
    assert {run.info.status for run in (outer, *parents, *children)} == {"FINISHED"}
    (own,) = (parent for parent in parents if parent.info.run_name == f"small/{variant}")
    below = [run for run in children if run.data.tags["mlflow.parentRunId"] == own.info.run_id]
    assert {run.data.params["l2.strength"] for run in below} == {str(strength)}
    assert len(below) == clone.replicates("small")
    assert {run.info.experiment_id for run in (*parents, *children)} == {outer.info.experiment_id}
    return outer


def test_the_main_entry_is_repro(clone: Clone) -> None:
    before = active(clone.without_questions())
    clone.edit({"variants.l2.l2.strength": 0.02})
    ended = clone.run("mlflow", "run", ".", "--env-manager=local").succeeded()
    assert set(ended.ran) == {"plan", "variant@l2", "evaluate"}
    check(clone, ended, before, "l2", 0.02)
    assert clone.run("dvc", "repro").succeeded().ran == []


def test_one_variant_is_trained_by_its_name(clone: Clone) -> None:
    before = active(clone)
    clone.edit({"variants.l2.l2.strength": 0.04})
    command = ("mlflow", "run", ".", "-e", "train", "-P", "variant=l2", "--env-manager=local")
    ended = clone.run(*command).succeeded()
    assert ended.ran == ["plan", "variant@l2"]
    outer = check(clone, ended, before, "l2", 0.04)
    assert outer.data.params == {"variant": "l2"}


def test_a_variant_that_is_not_declared_is_refused_with_those_that_are(clone: Clone) -> None:
    before = clone.contents("results", "reports")
    ended = clone.python("pipeline", "train", "nosuch")
    assert ended.code == 1
    known = "baseline, l2, dropout, dropout_l2"
    assert ended.errors == f"error: variant: expected one of {known}, received 'nosuch'\n"
    assert ended.output == ""
    assert clone.contents("results", "reports") == before
