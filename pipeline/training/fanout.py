"""Many runs, on the cores of this machine or on a dask.distributed cluster."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

import psutil

from pipeline import plan, records
from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.plan import Run
from pipeline.records import Epochs, Result
from pipeline.system import guard, machine
from pipeline.system.errors import UserError
from pipeline.training import live
from pipeline.training.backend import import_keras
from pipeline.training.live import Report

CONNECT = 10  # seconds to wait for a scheduler, and then for its first worker
LOOK = 5.0  # seconds between looks at the epochs of runs that take long

# The threads of one process share its graphs, and TensorFlow's variables with them.
_one_at_a_time = threading.Lock()


Event = Result | Epochs
Train = Callable[[Sequence[Run]], Iterator[Event]]


@dataclass(frozen=True)
class OnDisk:
    """Data that a worker maps from the prepared files: what the processes of one machine share."""

    root: Path

    def replicate(self, run: Run) -> prepared.Replicate:
        """Return the data of `run`."""
        return prepared.replicate(_images(self.root, run.source), _split(self.root, run.setting), run.split)


@dataclass(frozen=True, eq=False)
class InMemory:
    """Data that travels to the workers of a cluster, once to each."""

    images: dict[str, Images]  # by source
    splits: dict[str, prepared.Split]

    def replicate(self, run: Run) -> prepared.Replicate:
        """Return the data of `run`."""
        return prepared.replicate(self.images[run.source], self.splits[run.setting], run.split)


@contextmanager
def workers(root: Path) -> Iterator[Train]:
    """Yield a function that trains runs; its workers stay until the block ends.

    It starts the runs at once, those first that take longest. It returns an iterator that gives each result
    when it is finished, and the epochs so far of a run that takes long. A finished run is kept on disk until
    `records.release`, and one that an interrupted stage has kept is not trained again. To leave the block
    early ends the workers. Both the function and its iterator raise UserError when no worker is to be had or
    one is lost.
    """
    scheduler = machine.read().scheduler
    with _cluster(scheduler, root) if scheduler else _this_machine(root) as train:

        def train_the_missing(runs: Sequence[Run]) -> Iterator[Event]:
            finished = records.kept(root, runs)
            done = {result.run.key for result in finished}
            missing = [run for run in runs if run.key not in done]
            missing.sort(key=plan.seconds, reverse=True)  # no core is left with a long one at the end
            return itertools.chain(finished, train(missing) if missing else ())

        yield train_the_missing


@contextmanager
def _this_machine(root: Path) -> Iterator[Train]:
    # Workers are forked from a process that has loaded Keras and run nothing: one import, not one each.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.training.preload"])
    # Which leaves Ctrl-C to the stage, from the moment it is started; to start the tracker ends a mask.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    pool = ProcessPoolExecutor(machine.read().processes, context, initializer=guard.die_with_stage)
    submitted: list[Future[None]] = []
    done = False

    def train(runs: Sequence[Run]) -> Iterator[Event]:
        futures = {pool.submit(_train_and_keep, root, run): run for run in runs}
        submitted.extend(futures)
        return _results(root, futures)

    try:
        yield train
        done = all(future.done() for future in submitted)
    finally:
        if not done:
            _end_workers()  # which would train every run to its end before this process may end
        pool.shutdown(cancel_futures=True)


def _end_workers() -> None:
    # The process that they are forked from ends too: an interrupted start leaves a worker that only it knows.
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "multiprocessing.forkserver" in " ".join(child.cmdline()):
                child.suspend()
                os.waitpid(child.pid, os.WUNTRACED)  # until it has stopped, and forks no more
                for process in (*child.children(), child):
                    process.kill()


def _results(root: Path, futures: Mapping[Future[None], Run]) -> Iterator[Event]:
    waiting, follower = set(futures), live.Follower(root)
    while waiting:
        done, waiting = wait(waiting, timeout=LOOK, return_when=FIRST_COMPLETED)
        for future in done:
            try:
                future.result()
            except BrokenProcessPool as error:
                raise UserError(
                    "a worker process was killed, perhaps for want of memory: expected it to finish its run; "
                    "the finished runs are kept, so run dvc repro again, with WORKERS=1 for less memory"
                ) from error
            yield from records.kept(root, [futures[future]])
        yield from follower.news([futures[future] for future in waiting if future.running()])


@contextmanager
def _cluster(address: str, root: Path) -> Iterator[Train]:
    with ExitStack() as stack:
        connect = functools.cache(lambda: stack.enter_context(_connected(address)))

        def train(runs: Sequence[Run]) -> Iterator[Event]:
            try:
                client = connect()
                images = {
                    name: _loaded(prepared.read_images(root, name)) for name in {run.source for run in runs}
                }
                splits = {
                    name: _loaded(prepared.read_split(root, name)) for name in {run.setting for run in runs}
                }
                # To every worker that is there; one that comes later has it from another.
                data = client.scatter(InMemory(images, splits), broadcast=True)
            except Exception as error:
                raise UserError(
                    f"scheduler: expected one that answers at {address}, and workers, all with this checkout "
                    f"on PYTHONPATH, received {_said(error)}; see docs/cluster.md, or take it out of "
                    "DASK_SCHEDULER_ADDRESS or machine.yaml to train on this machine"
                ) from error
            return _results_of_cluster(root, client, client.map(_train, [data] * len(runs), runs, pure=False))

        yield train


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    from distributed import Client

    with Client(address, timeout=CONNECT, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=CONNECT)
        yield client


def _results_of_cluster(root: Path, client: Any, futures: Sequence[Any]) -> Iterator[Result]:
    from distributed import as_completed

    for future in as_completed(futures, loop=client.loop):
        try:
            result = future.result()
        except UserError:
            raise
        except Exception as error:
            raise UserError(
                f"the cluster gave a run up: expected a scheduler and workers that stay, all with this "
                f"checkout on PYTHONPATH, received {_said(error)}; the finished runs are kept, so run "
                "dvc repro again"
            ) from error
        records.keep(root, result)
        yield result


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _train(data: OnDisk | InMemory, run: Run, report: Report | None = None) -> Result:
    if plan.code_digest(run.network, run.regularizers) != run.code:
        raise UserError(
            f"{run.name}: expected the training code and libraries that it was planned with, received "
            "others; update this worker's checkout and environment, or run dvc repro again"
        )
    with _one_at_a_time:
        import_keras()
        from pipeline.training.trainer import train

        return train(run, data.replicate(run), report)


def _train_and_keep(root: Path, run: Run) -> None:
    # Kept here, for the stage may be busy, or gone. And not sent: a worker that is killed in the middle
    # of so long a message leaves the stage waiting for the rest.
    records.keep(root, _train(OnDisk(root), run, live.Reporter(root, run)))
    live.path_of(root, run).unlink(missing_ok=True)


@functools.cache
def _images(root: Path, source: str) -> Images:
    return prepared.read_images(root, source)


@functools.cache
def _split(root: Path, setting: str) -> prepared.Split:
    return prepared.read_split(root, setting)


def _loaded(mapped: Any) -> Any:
    """Return a copy whose arrays are in memory instead of mapped from a file."""
    return replace(mapped, **{name: value.copy() for name, value in vars(mapped).items()})
