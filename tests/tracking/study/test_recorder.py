"""What a training stage leaves in MLflow: a parent a cell, a child a run, and every number of it."""

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as Logged
from mlflow.entities import ViewType
from ruamel.yaml import YAML

from pipeline.plan import Run
from pipeline.records import Epochs, Result
from pipeline.system import checkout
from pipeline.tracking import Recorder
from pipeline.tracking.agreement import circumstances
from tests.asking import dense
from tests.tracking.recording import Stage, planned, write

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
PARENT = "mlflow.parentRunId"
CURVES = {"loss": "epoch/loss", "validation_error": "epoch/error/validation"}
DIGEST = "0123456789abcdef" * 4  # of 64 characters, as sha256 gives


def result(run: Run, epochs: int = 3) -> Result:
    """A result whose every number tells whose it is: thirds, which have no short decimal form."""
    base = 100 * run.split + 10 * run.init + 1 / 3
    return Result(
        run=run,
        history={
            "loss": base + np.arange(epochs),
            "validation_error": base / 1000 - np.arange(epochs) / 7000,
        },
        final={"test_error": base / 1000, "validation_error": 0.25, "epochs": epochs},
        processor="a processor",
        logits=np.zeros((4, 2), np.float32),
        weights={},
        seconds={"setup": 0.25, "training": 1.5},
    )


@pytest.fixture
def runs(tiny_run: MakeRun) -> list[Run]:
    """A plan: two splits x two inits in one setting, three inits in another, dropout and L2 in both."""
    places = [("small", split, init) for split in (0, 1) for init in (0, 1)]
    places += [("blind", 0, init) for init in (0, 1, 2)]
    return [
        tiny_run(
            setting=setting,
            variant="mixed",
            split=split,
            init=init,
            network=dense(16, 8),
            regularizers={"dropout": {"rate": 0.5}, "l2": {"strength": 0.001}},
            order_seed=2**62 + split,
            data=DIGEST if setting == "small" else DIGEST[::-1],
            key=f"{setting}-{split}-{init}",
        )
        for setting, split, init in places
    ]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, result, "mixed")


def logged(study: Study, kind: str, view: int = ViewType.ACTIVE_ONLY) -> list[Logged]:
    """The runs of a kind, in the order of their names."""
    client, experiment = study
    runs = list(client.search_runs([experiment], f"tags.kind = '{kind}'", view, max_results=1000))
    return sorted(runs, key=lambda run: str(run.info.run_name))


def by_name(study: Study, kind: str) -> dict[str, Logged]:
    return {str(run.info.run_name): run for run in logged(study, kind)}


def points(study: Study, run: Logged, name: str) -> list[tuple[int, float]]:
    history = study[0].get_metric_history(run.info.run_id, name)
    return sorted((point.step, point.value) for point in history)


def test_a_setting_is_a_parent_and_a_run_its_child(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    parents, children = by_name(study, "variant"), by_name(study, "run")
    assert list(parents) == ["blind/mixed", "small/mixed"]
    assert list(children) == [
        *(f"blind/mixed/split-00-init-0{init}" for init in (0, 1, 2)),
        *(f"small/mixed/split-0{split}-init-0{init}" for split in (0, 1) for init in (0, 1)),
    ]
    for name, child in children.items():
        assert child.data.tags[PARENT] == parents[name.rpartition("/")[0]].info.run_id
    assert all(PARENT not in parent.data.tags for parent in parents.values())
    assert {run.info.status for run in (*parents.values(), *children.values())} == {"FINISHED"}


def test_a_trial_is_a_child_that_no_mean_counts(study: Study, runs: list[Run], stage: Stage) -> None:
    milder = {"dropout": {"rate": 0.1}, "l2": {"strength": 0.001}}
    tried = {"trial": 2, "split": 5, "regularizers": milder, "key": "tried"}
    stage.record([runs[0].model_copy(update=tried), *runs])
    ((name, child),) = by_name(study, "trial").items()
    parent = by_name(study, "variant")["small/mixed"]
    assert name == "small/mixed/trial-02-split-05-init-00"
    assert child.data.tags[PARENT] == parent.info.run_id
    assert (child.data.params["trial"], child.data.params["dropout.rate"]) == ("2", "0.1")
    assert parent.data.tags["runs"] == "4"
    assert parent.data.params["dropout.rate"] == "0.5"  # of those that are reported
    assert "trial" not in parent.data.params


def test_parameters_go_by_their_names_in_params_yaml(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    shared = {
        "source": "mnist",
        "train_size": "200",
        "validation_size": "100",
        "dense.hidden": "[16, 8]",
        "dense.activation": "relu",
        "optimizer.name": "adam",
        "optimizer.learning_rate": "0.001",
        "optimizer.schedule": "constant",
        "optimizer.momentum": "0.0",
        "epochs": "3",
        "batch_size": "32",
        "label_noise": "0.0",
        "distractors": "0.0",
        "dropout.rate": "0.5",
        "l2.strength": "0.001",
    }
    assert by_name(study, "variant")["small/mixed"].data.params == shared
    assert by_name(study, "run")["small/mixed/split-01-init-00"].data.params == shared | {
        "split": "1",
        "init": "0",
        "init_seed": "1",
        "order_seed": "4611686018427387905",
        "noise_seed": "3",
        "data": DIGEST,
    }


def test_every_point_of_every_curve_is_logged(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    child = by_name(study, "run")["small/mixed/split-01-init-00"]
    base = 100 + 1 / 3
    assert points(study, child, "epoch/loss") == [(1, base), (2, base + 1), (3, base + 2)]
    assert points(study, child, "epoch/error/validation") == [
        (1, base / 1000),
        (2, base / 1000 - 1 / 7000),
        (3, base / 1000 - 2 / 7000),
    ]


def test_final_scores_are_apart_from_the_curves(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    child = by_name(study, "run")["small/mixed/split-01-init-00"]
    final = {name: value for name, value in child.data.metrics.items() if not name.startswith("epoch/")}
    assert final == {
        "final/test_error": (100 + 1 / 3) / 1000,
        "final/validation_error": 0.25,
        "final/epochs": 3.0,
    }
    assert set(child.data.metrics) - set(final) == {"epoch/loss", "epoch/error/validation"}
    for name in final:
        assert len(points(study, child, name)) == 1


def test_a_run_took_the_time_that_it_was_measured_to_take(
    study: Study, runs: list[Run], stage: Stage
) -> None:
    stage.record(runs)
    child = logged(study, "run")[0]
    assert child.info.end_time - child.info.start_time == 1750
    stamps = [point.timestamp for point in study[0].get_metric_history(child.info.run_id, "epoch/loss")]
    assert len(set(stamps)) == 3
    assert child.info.start_time < min(stamps) < max(stamps) <= child.info.end_time


def test_a_parent_has_the_means_of_its_runs(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    parent = by_name(study, "variant")["small/mixed"].data
    means = {name: value for name, value in parent.metrics.items() if not name.startswith("epoch/")}
    names = ("test_error_percent", "validation_error_percent", "epochs")
    assert means.keys() == {f"{of}{name}" for of in ("", "low/", "high/") for name in names}
    # Splits and inits 0 and 1 each: 100/2 + 10/2 + 1/3, in tenths of a percent.
    assert means["test_error_percent"] == 5.53
    assert (means["epochs"], parent.tags["runs"]) == (3.0, "4")
    # The means of the two splits are 5 1/3 and 105 1/3 thousandths; t of one degree is 12.706.
    assert means["low/test_error_percent"] == round((55 + 1 / 3 - 50 * 12.7062047) / 10, 2)
    assert means["high/test_error_percent"] == round((55 + 1 / 3 + 50 * 12.7062047) / 10, 2)
    assert parent.tags["test_error_interval"] == "5.53 [-58.00, 69.06]"
    # One training set: the three inits are the replicates, 1/3, 10 1/3 and 20 1/3; t of two degrees is 4.303.
    alone = by_name(study, "variant")["blind/mixed"].data.metrics
    half = 4.30265273 * 10 / math.sqrt(3)
    assert alone["low/test_error_percent"] == round((10 + 1 / 3 - half) / 10, 2)


@pytest.mark.parametrize("dirty", [True, False])
def test_tags_say_what_it_is_and_where_it_comes_from(
    study: Study,
    runs: list[Run],
    stage: Stage,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    dirty: bool,
) -> None:
    monkeypatch.setattr(checkout, "dirty", lambda root: dirty)
    monkeypatch.setattr(checkout, "diff", lambda root: "+ a line" if dirty else "")
    monkeypatch.setattr(checkout, "branch", lambda root: "a-branch")
    monkeypatch.setattr(checkout, "remote_url", lambda root: "https://me:secret@host/study.git")
    circumstances.git_tags.cache_clear()
    monkeypatch.setenv("LOGNAME", "somebody")
    stage.record(runs)
    circumstances.git_tags.cache_clear()
    # The last commit that touched what a result comes from: a commit of results is none.
    command = ["git", "-C", str(repository), "log", "-1", "--format=%H", "--", *checkout.SOURCES]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    shared = {"variant": "mixed", "setting": "blind", "mlflow.source.git.dirty": "true" if dirty else "false"}
    shared["mlflow.source.git.commit"] = commit
    shared |= {"mlflow.user": "somebody", "mlflow.source.git.branch": "a-branch"}
    shared["mlflow.source.git.repoURL"] = "https://***@host/study.git"
    child = by_name(study, "run")["blind/mixed/split-00-init-02"].data.tags
    assert child.items() >= (shared | {"split": "0", "init": "2", "run_key": "blind-0-2"}).items()
    parent = by_name(study, "variant")["blind/mixed"]
    assert parent.data.tags.items() >= shared.items()
    assert parent.info.user_id == "somebody"
    assert [file.path for file in study[0].list_artifacts(parent.info.run_id)] == ["git.diff"] * dirty


def test_a_run_names_the_data_that_it_saw(
    study: Study, runs: list[Run], stage: Stage, repository: Path
) -> None:
    stage.record(runs)
    lock = YAML(typ="safe").load(repository / "dvc.lock")
    (locked,) = (out for out in lock["stages"]["prepare"]["outs"] if out["path"] == "data/images")
    for name, child in by_name(study, "run").items():
        assert child.inputs is not None
        (seen,) = child.inputs.dataset_inputs
        setting, _, place = name.split("/")
        assert seen.dataset.name == f"{setting}-{place.rpartition('-init')[0]}"
        digest = DIGEST if setting == "small" else DIGEST[::-1]
        assert digest.startswith(seen.dataset.digest)
        assert 32 <= len(seen.dataset.digest) <= 36
        assert seen.dataset.source_type == "dvc"
        assert json.loads(seen.dataset.source) == {
            "path": "data/images/mnist",
            "of": "data/images",
            "hash": f"md5:{locked['md5']}",
        }
        assert {tag.key: tag.value for tag in seen.tags} == {"mlflow.data.context": "training"}


def test_more_points_than_a_request_takes_are_all_logged(
    study: Study, tiny_run: MakeRun, tmp_path: Path
) -> None:
    run = tiny_run(epochs=1203, key="long")
    Stage(tmp_path, lambda run: result(run, epochs=1203)).record([run])
    (child,) = logged(study, "run")
    for name, values in result(run, epochs=1203).history.items():
        assert points(study, child, CURVES[name]) == list(enumerate(values.tolist(), start=1))
    assert child.data.params["epochs"] == "1203"
    assert child.data.metrics["final/epochs"] == 1203.0


def test_a_loss_that_is_no_number_is_logged_as_such(study: Study, tiny_run: MakeRun, tmp_path: Path) -> None:
    run = tiny_run(key="diverged")
    diverged: dict[str, Any] = {"history": {"loss": np.array([1.0, math.nan, math.nan])}}
    Stage(tmp_path, lambda run: Result(**vars(result(run)) | diverged)).record([run])
    (child,) = logged(study, "run")
    history = study[0].get_metric_history(child.info.run_id, "epoch/loss")
    assert [math.isnan(point.value) for point in sorted(history, key=lambda p: p.step)] == [False, True, True]


def test_a_run_that_takes_long_shows_its_curve_while_it_is_trained(
    study: Study, tiny_run: MakeRun, stage: Stage
) -> None:
    run = tiny_run(variant="mixed", epochs=5, key="long")
    whole = result(run, epochs=5)
    with Recorder("mixed", planned([run])) as recorder:
        for epochs in (2, 3):
            seen = {name: values[:epochs] for name, values in whole.history.items()}
            recorder.record(Epochs(run, seen, seconds=30.0 + epochs))
            (child,) = logged(study, "run")
            assert child.info.status == "RUNNING"
            for name, values in seen.items():
                assert points(study, child, CURVES[name]) == list(enumerate(values.tolist(), start=1))
        recorder.record(whole)
        write(stage.root, "mixed", [run], lambda _: whole)
        recorder.finish(stage.root)
    (child,) = logged(study, "run")
    assert child.info.status == "FINISHED"
    for name, values in whole.history.items():
        assert points(study, child, CURVES[name]) == list(enumerate(values.tolist(), start=1))


def test_what_is_still_trained_ends_with_its_stage(study: Study, tiny_run: MakeRun) -> None:
    run = tiny_run(variant="mixed", key="long")
    seen = {"loss": np.array([1.0])}

    def broken() -> None:
        with Recorder("mixed", planned([run])) as recorder:
            recorder.record(Epochs(run, seen, seconds=30.0))
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        broken()
    for kind in ("run", "variant"):
        (left,) = logged(study, kind)
        assert (left.info.status, left.data.tags["reason"]) == ("FAILED", "OSError: disk full")


def test_descriptions_say_what_it_is_and_what_was_found(study: Study, runs: list[Run], stage: Stage) -> None:
    stage.record(runs)
    note = by_name(study, "variant")["small/mixed"].data.tags["mlflow.note.content"]
    assert "**mixed** in the setting `small`" in note
    assert "- `l2` (strength 0.001): Add `strength * sum(w ** 2)`" in note
    assert "- test error: 5.53 [" in note
    child = by_name(study, "run")["small/mixed/split-01-init-00"].data.tags["mlflow.note.content"]
    assert "training set `split-01`, initialisation 0" in child
    assert "`small-1-0`" in child
    client, experiment = study
    about = client.get_experiment(experiment).tags["mlflow.note.content"]
    assert "python -m pipeline verify" in about
