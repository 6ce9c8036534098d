"""Training on a real dask cluster: the bits of this machine, the data once, and what a lost part leads to."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import plan
from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.system import machine
from pipeline.system.errors import UserError
from pipeline.training import fanout
from pipeline.training.trainer import train
from tests.training.cluster import REPOSITORY, Cluster, begin_to_count, counted
from tests.training.study import RUNS, Study

MakeRuns = Callable[[int, int], list[Run]]
Join = Callable[[Cluster], None]


def prepare(root: Path, mnist: Images, seed: int) -> Path:
    """A prepared folder: two training sets of 200 of 500 images, 100 to validate, 150 to test."""
    images = Images(
        train_images=mnist.train_images[:500],
        train_labels=mnist.train_labels[:500],
        test_images=mnist.test_images[:150],
        test_labels=mnist.test_labels[:150],
    )
    draws = np.random.default_rng(seed).permutation(500).astype(np.int32)
    sets = draws[:400].reshape(2, 200)
    split = Split(sets, images.train_labels[sets], draws[400:])
    prepared.write(root, {"mnist": (images, {"tiny": split})})
    return root


@pytest.fixture
def root(tmp_path: Path, mnist: Images) -> Path:
    return prepare(tmp_path, mnist, seed=0)


@pytest.fixture(scope="module")
def make_runs(tiny_run: Callable[..., Run]) -> MakeRuns:
    """Replicates of a network with dropout: so many, of so many epochs."""
    mix = {"dropout": {"rate": 0.5}}
    code = plan.code_digest(["dense"], mix)

    def make(count: int, epochs: int) -> list[Run]:
        seeds = ("init_seed", "order_seed", "noise_seed")
        own = {"epochs": epochs, "regularizers": mix, "code": code}
        return [
            tiny_run(split=number % 2, key=f"run-{number}", **dict.fromkeys(seeds, number), **own)
            for number in range(count)
        ]

    return make


@pytest.fixture
def join(monkeypatch: pytest.MonkeyPatch) -> Join:
    """Have runs trained on a cluster, as the environment says it."""
    return lambda cluster: monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers; nothing may end one."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        started.add_workers(2)
        yield started


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler without workers, for a test to change."""
    with Cluster(tmp_path_factory.mktemp("own")) as started:
        yield started


def trained_here(root: Path, runs: list[Run]) -> list[Result]:
    data = prepared.read_images(root, "mnist"), prepared.read_split(root, "tiny")
    return [train(run, prepared.replicate(*data, run.split)) for run in runs]


def trained(root: Path, runs: list[Run]) -> list[Result]:
    with fanout.workers(root) as start:
        return [event for event in start(runs) if isinstance(event, Result)]


def assert_same_bits(received: list[Result], expected: list[Result]) -> None:
    assert len(received) == len(expected)
    by_key = {result.run.key: result for result in received}
    for result in expected:
        other = by_key[result.run.key]
        assert (other.run, other.final) == (result.run, result.final)
        assert np.array_equal(other.logits, result.logits)
        for one, two in ((result.history, other.history), (result.weights, other.weights)):
            assert one.keys() == two.keys()
            assert all(np.array_equal(one[name], two[name]) for name in one)


def refusal(root: Path, runs: list[Run]) -> str:
    """The one line with which the training of `runs` is refused."""
    with pytest.raises(UserError) as refused:
        trained(root, runs)
    (line,) = str(refused.value).splitlines()
    return line


# ---- the same results ----


@pytest.mark.parametrize("named_in", ["environment", "file"])
def test_a_cluster_gives_the_bits_of_this_machine(
    cluster: Cluster,
    join: Join,
    root: Path,
    make_runs: MakeRuns,
    monkeypatch: pytest.MonkeyPatch,
    named_in: str,
) -> None:
    runs = make_runs(6, 3)
    if named_in == "environment":
        join(cluster)
    else:
        (root / "machine.yaml").write_text(f"scheduler: {cluster.address}\n", encoding="utf-8")
        monkeypatch.setattr(machine, "main_checkout", lambda: root)
    assert_same_bits(trained(root, runs), trained_here(root, runs))


def test_the_data_reach_each_worker_once(
    cluster: Cluster, join: Join, mnist: Images, make_runs: MakeRuns, tmp_path: Path
) -> None:
    root = prepare(tmp_path, mnist, seed=1)  # other data than before, which may be there still
    cluster.client.run(begin_to_count)
    join(cluster)
    assert len(trained(root, make_runs(10, 3))) == 10
    counts = cluster.client.run(counted)
    assert [count["arrivals"] for count in counts.values()] == [1, 1]
    assert sum(count["runs"] for count in counts.values()) == 10
    assert min(count["runs"] for count in counts.values()) > 1  # so that once is not once a run


def test_a_single_worker_trains(own: Cluster, join: Join, root: Path, make_runs: MakeRuns) -> None:
    own.add_workers(1)
    own.client.run(begin_to_count)
    join(own)
    assert len(trained(root, make_runs(3, 3))) == 3
    assert [count["runs"] for count in own.client.run(counted).values()] == [3]


def test_a_worker_may_be_killed(own: Cluster, join: Join, root: Path, make_runs: MakeRuns) -> None:
    runs = make_runs(8, 60)
    own.add_workers(2)
    join(own)
    with fanout.workers(root) as start:
        results = start(runs)
        received = [next(results)]
        own.until_busy(2)[0].kill()
        received += results
    assert len(own.workers()) == 1
    finished = [event for event in received if isinstance(event, Result)]
    assert_same_bits(finished, trained_here(root, runs))


# ---- what is refused ----


def test_where_nothing_listens_the_stage_ends_with_one_line(study: Study) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{held.getsockname()[1]}"
        ended = study.python("pipeline.stages.train", "l2", DASK_SCHEDULER_ADDRESS=address)
    assert ended.code == 1
    (line,) = ended.errors.splitlines()
    assert line.startswith(f"error: scheduler: expected one that answers at {address}, ")
    assert "take it out of DASK_SCHEDULER_ADDRESS or machine.yaml to train on this machine" in line
    assert study.contents("results/kept", "results/runs") == {}


def test_other_code_is_refused(
    own: Cluster, join: Join, root: Path, make_runs: MakeRuns, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "pipeline", tmp_path / "other" / "pipeline")
    with (tmp_path / "other" / "pipeline" / "training" / "engine.py").open("a", encoding="utf-8") as file:
        file.write("ANOTHER = 0\n")  # a comment would be no other code
    own.add_workers(2, tmp_path / "other")
    join(own)
    line = refusal(root, make_runs(3, 3))
    assert "expected the training code and libraries that it was planned with" in line
    assert "update this worker's checkout" in line


def test_a_scheduler_without_workers_is_refused(
    own: Cluster, join: Join, root: Path, make_runs: MakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CONNECT", 2)  # it waits for one; here, not long
    join(own)
    assert "worker" in refusal(root, make_runs(3, 3))


def test_a_worker_without_the_checkout_is_refused(
    own: Cluster, join: Join, root: Path, make_runs: MakeRuns, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    own.add_workers(2, tmp_path / "empty")
    join(own)
    assert "No module named 'pipeline'" in refusal(root, make_runs(3, 3))


def test_a_scheduler_without_the_checkout_is_refused(
    join: Join, root: Path, make_runs: MakeRuns, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with Cluster(tmp_path / "empty", scheduler_root=tmp_path / "empty") as cluster:
        cluster.add_workers(2)
        join(cluster)
        assert "this checkout" in refusal(root, make_runs(3, 3))


def test_a_run_that_kills_its_workers_ends_the_stage(
    study: Study, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Dask gives a run up when it was on so many workers that died; here, after the first."""
    copy = study.copy(tmp_path / "checkout")
    forgive_none = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with Cluster(tmp_path_factory.mktemp("unforgiving"), settings=forgive_none) as unforgiving:
        unforgiving.add_workers(2, copy.root)
        with copy.started(DASK_SCHEDULER_ADDRESS=unforgiving.address) as stage:
            copy.until_kept(stage, 1)
            unforgiving.until_busy(1)[0].kill()
            ended = stage.end()
    assert ended.code == 1
    assert len(ended.complaints) == 1
    assert 1 <= len(copy.kept) < RUNS
