"""Many runs on the cores of this machine: the same bits however many train at a time."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import plan
from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.training import fanout
from pipeline.training.backend import import_keras
from pipeline.training.trainer import train

MakeRun = Callable[..., Run]


@pytest.fixture
def root(tmp_path: Path, mnist: Images) -> Path:
    """A prepared folder: two training sets of 200 of 500 images, 100 to validate, 150 to test."""
    images = Images(
        train_images=mnist.train_images[:500],
        train_labels=mnist.train_labels[:500],
        test_images=mnist.test_images[:150],
        test_labels=mnist.test_labels[:150],
    )
    draws = np.random.default_rng(0).permutation(500).astype(np.int32)
    sets = draws[:400].reshape(2, 200)
    split = Split(train=sets, labels=images.train_labels[sets], validation=draws[400:])
    prepared.write(tmp_path, {"mnist": (images, {"tiny": split})})
    return tmp_path


@pytest.fixture(scope="module")
def runs(tiny_run: MakeRun) -> list[Run]:
    """Two replicates each of a noisy variant and of the baseline."""
    mixes: dict[str, Any] = {"dropout": {"dropout": {"rate": 0.5}}, "baseline": {}}
    return [
        tiny_run(
            variant=variant,
            regularizers=parts,
            split=split,
            order_seed=split,
            noise_seed=split,
            code=plan.code_digest(["dense"], parts),
            key=f"{variant}-{split}",
        )
        for variant, parts in mixes.items()
        for split in (0, 1)
    ]


@pytest.fixture
def expected(root: Path, runs: list[Run]) -> dict[str, Result]:
    """The results of the runs by their keys, trained one after the other in this process."""
    data = prepared.read_images(root, "mnist"), prepared.read_split(root, "tiny")
    return {run.key: train(run, prepared.replicate(*data, run.split)) for run in runs}


@pytest.fixture(autouse=True)
def _ctrl_c_stays_with_the_user() -> Iterator[None]:
    """One worker trains in the process of the stage, which must stay open to an interrupt."""
    before = signal.getsignal(signal.SIGINT)
    yield
    after = signal.signal(signal.SIGINT, before)
    assert after is before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_any_number_of_workers_gives_the_same_bits(
    root: Path,
    runs: list[Run],
    expected: dict[str, Result],
    monkeypatch: pytest.MonkeyPatch,
    workers: str,
) -> None:
    monkeypatch.setenv("WORKERS", workers)
    with fanout.workers(root) as start:
        received = {result.run.key: result for result in start(runs) if isinstance(result, Result)}
    assert received.keys() == expected.keys()
    for key, result in received.items():
        assert result.run == expected[key].run
        assert result.final == expected[key].final
        assert np.array_equal(result.logits, expected[key].logits)
        for name, values in expected[key].history.items():
            assert np.array_equal(result.history[name], values)
        for name, values in expected[key].weights.items():
            assert np.array_equal(result.weights[name], values)


def test_replicates_differ(expected: dict[str, Result]) -> None:
    for variant in ("baseline", "dropout"):
        assert not np.array_equal(expected[f"{variant}-0"].logits, expected[f"{variant}-1"].logits)


def test_a_variant_without_runs_has_no_results(root: Path) -> None:
    with fanout.workers(root) as start:
        assert list(start([])) == []


def test_what_keras_does_not_need_can_still_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    import_keras()
    assert sys.modules.get("pandas", ...) is not None  # None would forbid the import
    assert {"keras", "tensorflow"} <= sys.modules.keys()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"


OTHER = "datasets/other.npz"


@pytest.fixture
def two_sources(root: Path, mnist: Images) -> Path:
    """A prepared folder with another source: smaller images, in the three classes below 3."""
    few = np.flatnonzero(mnist.train_labels < 3)[:500]
    pixels, labels = mnist.train_images[few, ::2, ::2], mnist.train_labels[few]
    sets = np.arange(400).reshape(2, 200)
    tiny = Split(sets, mnist.train_labels[sets], np.arange(400, 500))
    prepared.write(
        root,
        {
            "mnist": (Images(*[mnist.train_images[:500], mnist.train_labels[:500]] * 2), {"tiny": tiny}),
            OTHER: (
                Images(pixels, labels, pixels[:50], labels[:50]),
                {"other": replace(tiny, labels=labels[sets])},
            ),
        },
    )
    return root


def runs_of_both(tiny_run: MakeRun) -> list[Run]:
    runs = [
        tiny_run(split=split, code=plan.code_digest(["dense"], []), key=f"tiny-{split}") for split in (0, 1)
    ]
    named = {"setting": "other", "source": OTHER}
    return runs + [run.model_copy(update=named | {"key": f"other-{run.split}"}) for run in runs]


def in_memory(root: Path) -> fanout.InMemory:
    """What travels to the workers of a cluster."""
    images = {source: prepared.read_images(root, source) for source in ("mnist", OTHER)}
    return fanout.InMemory(images, {name: prepared.read_split(root, name) for name in ("tiny", "other")})


def test_each_run_has_the_data_of_its_own_source(two_sources: Path, tiny_run: MakeRun) -> None:
    with fanout.workers(two_sources) as start:
        results = [event for event in start(runs_of_both(tiny_run)) if isinstance(event, Result)]
    assert {result.run.key: result.logits.shape for result in results} == {
        **dict.fromkeys(("tiny-0", "tiny-1"), (500, 10)),
        **dict.fromkeys(("other-0", "other-1"), (50, 3)),
    }
    kernels = {result.weights["hidden_1/kernel"].shape for result in results if result.run.source == OTHER}
    assert kernels == {(14 * 14, 16)}


def test_a_cluster_is_sent_the_same_data(two_sources: Path, tiny_run: MakeRun) -> None:
    here, there = fanout.OnDisk(two_sources), in_memory(two_sources)
    for run in runs_of_both(tiny_run):
        one, two = here.replicate(run), there.replicate(run)
        assert one.train_images.shape == ((200, 28, 28) if run.source == "mnist" else (200, 14, 14))
        assert one.classes == two.classes
        for name in ("train_images", "train_labels", "validation_images", "test_images", "test_labels"):
            assert np.array_equal(getattr(one, name), getattr(two, name))
