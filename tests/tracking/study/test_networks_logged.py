"""The trained network in MLflow: loaded by Keras and by MLflow alone, it says what it said."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline import tracking
from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.system.errors import UserError
from pipeline.tracking.study import commands
from pipeline.training.backend import import_keras

import_keras()
import keras  # noqa: E402

import pipeline.training.trainer  # noqa: E402, F401  (one thread, as in a worker)
from pipeline.training import models  # noqa: E402
from tests.asking import dense  # noqa: E402
from tests.tracking.recording import Stage  # noqa: E402

MakeRun = Callable[..., Run]
Study = tuple[MlflowClient, str]
SHAPE, CLASSES = (28, 28), 10
DIGEST = "0123456789abcdef"
TESTED = np.random.default_rng(2).integers(0, 256, (3, *SHAPE), np.uint8)
MIXES: dict[str, dict[str, Any]] = {
    "baseline": {},
    "mixed": {
        "batch_norm": {"momentum": 0.9},
        "dropout": {"rate": 0.5},
        "gaussian_noise": {"stddev": 0.3},
        "l1": {"strength": 0.1},
        "l2": {"strength": 0.1},
        "max_norm": {"limit": 1.0},
    },
}


def images(count: int = 6) -> np.ndarray:
    return np.random.default_rng(0).random((count, *SHAPE), np.float32)


def network(run: Run) -> keras.Sequential:
    return models.build(run, models.regularizers(run), SHAPE, CLASSES)


def weights(run: Run) -> dict[str, np.ndarray]:
    """Weights that no initialiser gives."""
    rng = np.random.default_rng(1)
    shapes = {models.weight_name(v): v.shape for v in network(run).weights}
    return {name: rng.random(shape, np.float32) / 5 for name, shape in shapes.items()}


def result(run: Run) -> Result:
    """A run whose network has these weights; the second init has the lower validation loss."""
    history = {"loss": np.array([1.0])}
    final = {"test_error": 0.25, "validation_cross_entropy": 0.5 - run.init / 10, "epochs": 1.0}
    arrays = weights(run) if run.init else {name: 0 * values for name, values in weights(run).items()}
    logits = models.restore(run, arrays, SHAPE, CLASSES)(TESTED.astype(np.float32) / 255).numpy()
    return Result(run, history, final, "a processor", logits, arrays, {"training": 1.0})


@pytest.fixture
def prepared_root(tmp_path: Path, mnist: Images) -> Path:
    """A checkout with a few real images."""
    few = Images(mnist.train_images[:20], mnist.train_labels[:20], TESTED, mnist.test_labels[:3])
    split = Split(np.arange(4).reshape(1, 4), few.train_labels[None, :4], np.array([5]))
    prepared.write(tmp_path, {"mnist": (few, {"tiny": split})})
    return tmp_path


def inits(make: MakeRun, variant: str) -> list[Run]:
    regularizers = MIXES[variant]
    shared = {"network": dense(8), "variant": variant, "regularizers": regularizers, "data": DIGEST}
    return [make(**shared, init=init, key=f"{variant}-{init}") for init in (0, 1)]


@pytest.fixture(params=MIXES)
def logged(
    request: pytest.FixtureRequest, study: Study, tiny_run: MakeRun, prepared_root: Path
) -> tuple[Any, Any]:
    """The network that was logged, restored beside it, and MLflow's entry of it."""
    runs = inits(tiny_run, request.param)
    Stage(prepared_root, result, request.param).record(runs)
    tracking.publish_networks(prepared_root)
    client, experiment = study
    (entry,) = client.search_logged_models([experiment])
    return models.restore(runs[1], weights(runs[1]), SHAPE, CLASSES), entry


def test_one_that_does_not_give_its_recorded_logits_is_refused(
    study: Study, tiny_run: MakeRun, prepared_root: Path
) -> None:
    """As one restored under another image format, which nothing else would show."""
    runs = inits(tiny_run, "baseline")

    def other(run: Run) -> Result:
        right = result(run)
        return replace(right, logits=right.logits + np.float32(0.5))

    Stage(prepared_root, other, "baseline").record(runs)
    with pytest.raises(UserError, match=r"^\S+: expected a network that gives .* off by up to 0\.5; dvc"):
        tracking.publish_networks(prepared_root)
    client, experiment = study
    assert [str(model.status) for model in client.search_logged_models([experiment])] != ["READY"]


def test_keras_loads_it_back(logged: tuple[Any, Any]) -> None:
    model, entry = logged
    expected = model.predict(images(), verbose=0)
    assert np.ptp(expected) > 0.01
    loaded = mlflow.keras.load_model(entry.model_uri)
    assert np.array_equal(loaded.predict(images(), verbose=0), expected)


def test_mlflow_loads_it_back(logged: tuple[Any, Any]) -> None:
    model, entry = logged
    plain = mlflow.pyfunc.load_model(entry.model_uri)
    # Eager or in a graph: float32 sums may differ in their last digit.
    assert np.allclose(plain.predict(images()), model.predict(images(), verbose=0), rtol=0, atol=1e-5)


def test_its_signature_and_requirements_are_given(logged: tuple[Any, Any]) -> None:
    entry = logged[1]
    info = mlflow.models.get_model_info(entry.model_uri)
    (taken,), (given,) = info.signature.inputs.inputs, info.signature.outputs.inputs
    assert (taken.type, taken.shape) == (np.float32, (-1, 28, 28))
    assert (given.type, given.shape) == (np.float32, (-1, 10))
    folder = Path(mlflow.artifacts.download_artifacts(entry.model_uri))
    listed = (folder / "requirements.txt").read_text(encoding="utf-8").split()
    pinned = dict(line.split("==") for line in listed)
    assert pinned.keys() == {"mlflow", "tensorflow", "keras", "numpy"}
    assert pinned["keras"] == metadata.version("keras")
    assert all(re.fullmatch(r"\d+(\.\d+)+", number) for number in pinned.values())
    # What is loaded by name is looked up in Keras alone, so that the model outlives this project.
    saved = next(folder.rglob("*.keras"))
    assert b"pipeline" not in saved.read_bytes()


def test_it_belongs_to_its_own_run(study: Study, logged: tuple[Any, Any]) -> None:
    client, _ = study
    entry = logged[1]
    run = client.get_run(str(entry.source_run_id))
    variant = run.data.tags["variant"]
    assert run.info.run_name == f"tiny/{variant}/split-00-init-01"
    assert run.info.status == "FINISHED"
    assert entry.name == f"tiny-{variant}"
    named = {"variant": variant, "setting": "tiny", "run_key": f"{variant}-1"}
    assert entry.tags.items() >= named.items()
    assert run.outputs is not None
    assert [output.model_id for output in run.outputs.model_outputs] == [entry.model_id]


def test_it_is_found_by_its_own_metrics_and_by_its_data_set(study: Study, logged: tuple[Any, Any]) -> None:
    client, experiment = study
    # The mean of the two replicates is 0.45: what the network was shown with before.
    own = "metrics.`final/validation_cross_entropy` < 0.42"
    data = {"dataset_name": "tiny-split-00", "dataset_digest": "0123456789abcdef"}
    for found in (
        client.search_logged_models([experiment], own),
        client.search_logged_models([experiment], datasets=[data]),
        client.search_logged_models([experiment], own, datasets=[data]),
    ):
        assert [entry.model_id for entry in found] == [logged[1].model_id]
    other = data | {"dataset_digest": "another"}
    assert client.search_logged_models([experiment], datasets=[other]) == []
    metrics = {metric.key: metric.value for metric in logged[1].metrics}
    assert metrics == {
        "final/test_error": 0.25,
        "final/validation_cross_entropy": 0.4,
        "final/epochs": 1.0,
    }


def test_the_registered_version_begins_with_its_test_error(study: Study, logged: tuple[Any, Any]) -> None:
    (version,) = study[0].search_model_versions("name = 'regularization-study-tiny'")
    assert str(version.description).startswith("25.00 % test error: ")
    assert version.run_id == logged[1].source_run_id


def test_an_image_of_another_size_is_refused(logged: tuple[Any, Any]) -> None:
    plain = mlflow.pyfunc.load_model(logged[1].model_uri)
    with pytest.raises(mlflow.MlflowException, match="28"):
        plain.predict(np.zeros((2, 8, 8), np.float32))


def test_the_artifacts_lie_beside_the_store(database: Path, logged: tuple[Any, Any]) -> None:
    location = logged[1].artifact_location
    assert location.startswith((database.parent / "mlartifacts").as_uri())


def test_an_input_example_is_kept_with_it(logged: tuple[Any, Any], mnist: Images) -> None:
    model, entry = logged
    plain = mlflow.pyfunc.load_model(entry.model_uri)
    example = plain.metadata.load_input_example()
    assert np.allclose(example, mnist.train_images[:2] / 255, rtol=0, atol=1e-6)
    assert np.allclose(plain.predict(example), model.predict(example, verbose=0), rtol=0, atol=1e-5)


def test_the_same_stage_again_leaves_its_model(study: Study, tiny_run: MakeRun, prepared_root: Path) -> None:
    client, experiment = study
    found = []
    for _ in range(2):
        Stage(prepared_root, result, "baseline").record(inits(tiny_run, "baseline"))
        found.append([entry.model_id for entry in client.search_logged_models([experiment])])
        tracking.publish_networks(prepared_root)
    (entry,) = client.search_logged_models([experiment])
    assert found == [[], [entry.model_id]]


def test_the_cell_of_a_question_has_no_network(
    study: Study, database: Path, tiny_run: MakeRun, prepared_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_dvc_status", lambda root: subprocess.Popen(["true"]))
    monkeypatch.setattr(commands, "_out_of_date", lambda status: ())
    client, experiment = study
    runs = inits(tiny_run, "baseline")
    asked = [run.model_copy(update={"question": "choice", "key": f"asked-{run.init}"}) for run in runs]
    Stage(prepared_root, result, "baseline").record([*runs, *asked])
    tracking.publish_networks(prepared_root)
    (entry,) = client.search_logged_models([experiment])
    assert client.get_run(str(entry.source_run_id)).info.run_name == "tiny/baseline/split-00-init-01"
    assert tracking.verify(prepared_root) == (4, [])
    (parent,) = client.search_runs([experiment], "tags.question = 'choice' and tags.kind = 'cell'")
    client.create_logged_model(experiment, name="mine", source_run_id=parent.info.run_id)
    assert tracking.verify(prepared_root) == (4, [])  # it is nobody's business


def test_two_cells_may_have_the_network_of_one_run(
    study: Study, tiny_run: MakeRun, prepared_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the tuned baseline chooses what the baseline does."""
    monkeypatch.setattr(commands, "_dvc_status", lambda root: subprocess.Popen(["true"]))
    monkeypatch.setattr(commands, "_out_of_date", lambda status: ())
    client, _ = study
    runs = inits(tiny_run, "baseline")
    tuned = [run.model_copy(update={"variant": "tuned_baseline"}) for run in runs]
    another = runs[0].model_copy(update={"variant": "tuned_baseline", "split": 1, "key": "another"})
    Stage(prepared_root, result, "baseline").record([*runs, *tuned, another])
    tracking.sync(prepared_root)
    assert tracking.verify(prepared_root) == (3, [])
    versions = client.search_model_versions("name = 'regularization-study-tiny'")
    assert len({version.run_id for version in versions}) == 1
    assert sorted(str(version.description).splitlines()[0] for version in versions) == [
        "25.00 % test error: baseline in tiny",
        "25.00 % test error: tuned_baseline in tiny",
    ]


def flipped(path: Path) -> None:
    """One bit of a file, in its middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def published(make: MakeRun, root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Publish the network of a baseline of two inits; return what says in which the store differs."""
    monkeypatch.setattr(commands, "_dvc_status", lambda root: subprocess.Popen(["true"]))
    monkeypatch.setattr(commands, "_out_of_date", lambda status: ())
    Stage(root, result, "baseline").record(inits(make, "baseline"))
    name = "regularization-study-tiny"
    assert tracking.sync(root) == ["tiny/baseline", name, f"{name}@baseline", f"{name}@champion"]
    assert tracking.verify(root) == (2, [])
    return lambda: tracking.verify(root)[1]


def test_a_flipped_bit_of_any_file_of_a_network_is_named_and_mended(
    study: Study, tiny_run: MakeRun, prepared_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, experiment = study
    kept = published(tiny_run, prepared_root, monkeypatch)
    (entry,) = client.search_logged_models([experiment])
    folder = Path(entry.artifact_location.removeprefix("file://"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert {"MLmodel", "model.keras", "requirements.txt"} <= {path.name for path in files}
    for path in files:
        flipped(path)
        file = path.relative_to(folder)
        said = f"tiny/baseline: the model's file {file}: expected other bytes than those found"
        assert kept() == [said]
        flipped(path)
    files[0].unlink()
    (said,) = kept()
    assert said.endswith("expected a file, found none")
    tracking.sync(prepared_root)
    assert kept() == []


@pytest.mark.parametrize("digests", ["nonsense", "[1]", "7", "{}", None])
def test_digests_that_somebody_has_changed_are_a_difference(
    study: Study,
    tiny_run: MakeRun,
    prepared_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    digests: str | None,
) -> None:
    kept = published(tiny_run, prepared_root, monkeypatch)
    (entry,) = study[0].search_logged_models([study[1]])
    if digests is None:
        study[0].delete_logged_model_tag(entry.model_id, "digests")
    else:
        study[0].set_logged_model_tags(entry.model_id, {"digests": digests})
    assert kept() == ["tiny/baseline: the model: expected the digests of its files, found none"]
    tracking.sync(prepared_root)
    assert kept() == []


@pytest.mark.parametrize("found", ["mine", None])
def test_a_tag_of_a_version_is_compared_and_mended(
    study: Study,
    tiny_run: MakeRun,
    prepared_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    found: str | None,
) -> None:
    kept = published(tiny_run, prepared_root, monkeypatch)
    client, (version,) = study[0], study[0].search_model_versions()
    named = (version.name, version.version)
    client.set_model_version_tag(*named, "reviewed", "yes")
    client.update_model_version(*named, f"Mine.\n\n{version.description}")
    assert kept() == []
    if found is None:
        client.delete_model_version_tag(*named, "variant")
    else:
        client.set_model_version_tag(*named, "variant", found)
    assert kept() == [
        f"regularization-study-tiny {version.version}: the tag variant: expected baseline, found {found}"
    ]
    tracking.sync(prepared_root)
    assert kept() == []
    (after,) = client.search_model_versions()
    assert (after.version, after.tags["reviewed"]) == (version.version, "yes")
    assert str(after.description).startswith("Mine.")
