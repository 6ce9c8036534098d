"""Many runs, on the cores of this machine or on a dask.distributed cluster."""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import BrokenProcessPool

from pipeline import guard, machine, plan, records
from pipeline.data import prepared
from pipeline.data.mnist import Images
from pipeline.errors import UserError
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.training.backend import import_keras

CONNECT = 10  # seconds to wait for a scheduler, and then for its first worker

# The threads of one process share its graphs, and TensorFlow's variables with them.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class OnDisk:
    """Data that a worker maps from the prepared files: what the processes of one machine share."""

    root: Path
    owner: int  # the process of the stage

    def replicate(self, run: Run) -> prepared.Replicate:
        """Return the data of `run`."""
        return prepared.replicate(_images(self.root), _split(self.root, run.setting), run.split)


@dataclass(frozen=True, eq=False)
class InMemory:
    """Data that travels to the workers of a cluster, once to each."""

    images: Images
    splits: dict[str, prepared.Split]

    def replicate(self, run: Run) -> prepared.Replicate:
        """Return the data of `run`."""
        return prepared.replicate(self.images, self.splits[run.setting], run.split)


def train_all(root: Path, runs: Sequence[Run]) -> Iterator[Result]:
    """Start to train `runs` in worker processes; the iterator gives each result as it is finished.

    A finished run is kept on disk until `records.release`, and one that an interrupted stage has kept is
    not trained again. Raises UserError when no worker is to be had or one is lost.
    """
    finished = records.kept(root, runs)
    done = {result.run.key for result in finished}
    missing = [run for run in runs if run.key not in done]
    return _keeping(root, finished, _start(root, missing) if missing else iter(()))


def _keeping(root: Path, finished: list[Result], running: Iterator[Result]) -> Iterator[Result]:
    yield from finished
    complete = False
    try:
        for result in running:
            records.keep(root, result)
            yield result
        complete = True
    except BrokenProcessPool as error:
        raise UserError(
            "a worker process was killed, perhaps for want of memory: expected it to finish its run; the "
            "finished runs are kept, so run dvc repro again, with WORKERS=1 for less memory"
        ) from error
    finally:
        if not complete:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _start(root: Path, runs: Sequence[Run]) -> Iterator[Result]:
    here = machine.read()
    if here.scheduler:
        return _on_cluster(here.scheduler, root, runs)
    # Each worker has one thread; the variables keep libraries from starting more.
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        return _dispatch(OnDisk(root, os.getpid()), runs, min(here.processes, len(runs)))


def _on_cluster(address: str, root: Path, runs: Sequence[Run]) -> Iterator[Result]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"DASK_SCHEDULER_ADDRESS: expected a scheduler that answers at {address}, received "
            f"{type(error).__name__}; start one with `dask scheduler`, or unset it to train on this machine"
        ) from error
    splits = {name: _loaded(prepared.read_split(root, name)) for name in {run.setting for run in runs}}
    data = InMemory(_loaded(prepared.read_images(root)), splits)
    with joblib.parallel_config(
        backend="dask", client=client, scatter=[data], wait_for_workers_timeout=CONNECT, pure=False
    ):
        return _dispatch(data, runs, -1)


def _dispatch(data: OnDisk | InMemory, runs: Sequence[Run], n_jobs: int) -> Iterator[Result]:
    pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="all")
    results: Iterator[Result] = pool(joblib.delayed(_train)(data, run) for run in runs)
    return results


def _train(data: OnDisk | InMemory, run: Run) -> Result:
    if isinstance(data, OnDisk) and data.owner != os.getpid():
        _enlist()
    if plan.code_digest(run.regularizers) != run.code:
        raise UserError(
            f"{run.name}: expected the training code and libraries that it was planned with, received "
            "others; update this worker's checkout and environment, or run dvc repro again"
        )
    with _one_at_a_time:
        import_keras()
        from pipeline.training.trainer import train

        return train(run, data.replicate(run))


@functools.cache
def _enlist() -> None:
    """Make this process a worker of its parent: it ends with it, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard.die_with_parent()


@functools.cache
def _images(root: Path) -> Images:
    return prepared.read_images(root)


@functools.cache
def _split(root: Path, setting: str) -> prepared.Split:
    return prepared.read_split(root, setting)


def _loaded(mapped: Any) -> Any:
    """Return a copy whose arrays are in memory instead of mapped from a file."""
    return replace(mapped, **{name: value.copy() for name, value in vars(mapped).items()})
