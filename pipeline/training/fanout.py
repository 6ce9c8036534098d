"""Many runs, on the cores of this machine or on a dask.distributed cluster."""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from joblib.externals.loky import get_reusable_executor, process_executor
from joblib.externals.loky.process_executor import BrokenProcessPool

from pipeline import guard, machine, plan, records
from pipeline.data import prepared
from pipeline.data.mnist import Images
from pipeline.errors import UserError
from pipeline.plan import Run
from pipeline.records import Epochs, Result
from pipeline.training import live
from pipeline.training.backend import import_keras
from pipeline.training.live import Report

CONNECT = 10  # seconds to wait for a scheduler, and then for its first worker
LOOK = 5.0  # seconds between looks at the epochs of runs that take long
IDLE = 300  # seconds after which a worker without a run ends
# A worker has one thread: libraries are kept from starting more.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}

# The threads of one process share its graphs, and TensorFlow's variables with them.
_one_at_a_time = threading.Lock()


Event = Result | Epochs


@dataclass(frozen=True)
class OnDisk:
    """Data that a worker maps from the prepared files: what the processes of one machine share."""

    root: Path

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


@contextmanager
def training(root: Path, runs: Sequence[Run]) -> Iterator[Iterator[Event]]:
    """Train `runs` in worker processes, which start at once; an iterator gives each result when finished.

    And the epochs so far of a run that takes long.

    A finished run is kept on disk until `records.release`, and one that an interrupted stage has kept is
    not trained again. To leave the block early ends the workers. Raises UserError when no worker is to be
    had or one is lost.
    """
    finished = records.kept(root, runs)
    done = {result.run.key for result in finished}
    missing = [run for run in runs if run.key not in done]
    scheduler = machine.read().scheduler
    with ExitStack() as stack:
        if not missing:
            running: Iterator[Event] = iter(())
        elif scheduler:
            running = stack.enter_context(_on_cluster(scheduler, root, missing))
        else:
            running = stack.enter_context(_on_this_machine(root, missing))
        yield itertools.chain(finished, running)


@contextmanager
def _on_this_machine(root: Path, runs: Sequence[Run]) -> Iterator[Iterator[Event]]:
    # The executor, without joblib.Parallel around it, which in an interrupt takes the waiting runs from
    # under loky's hands.
    workers = get_reusable_executor(
        min(machine.read().processes, len(runs)),
        timeout=IDLE,
        env=ONE_THREAD,
        initializer=_enlist,
        initargs=(os.getpid(),),
    )
    futures = {workers.submit(_train_and_keep, root, run): run for run in runs}
    try:
        yield _results(root, futures)
    finally:
        if not all(future.done() for future in futures):
            # Left alone, they would train every run to its end before this process may end; and to have
            # loky kill them makes its thread stumble over the runs that wait.
            for pid in [process.pid for process in multiprocessing.active_children() if process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            workers.shutdown(wait=True)


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
def _on_cluster(address: str, root: Path, runs: Sequence[Run]) -> Iterator[Iterator[Event]]:
    from distributed import Client

    with ExitStack() as stack:
        try:
            client = stack.enter_context(Client(address, timeout=CONNECT, set_as_default=False))
            client.wait_for_workers(1, timeout=CONNECT)
            splits = {
                name: _loaded(prepared.read_split(root, name)) for name in {run.setting for run in runs}
            }
            # To every worker that is there; one that comes later has it from another.
            data = client.scatter(InMemory(_loaded(prepared.read_images(root)), splits), broadcast=True)
        except Exception as error:
            raise UserError(
                f"scheduler: expected one that answers at {address}, and workers, all with this checkout on "
                f"PYTHONPATH, received {_said(error)}; see docs/cluster.md, or take it out of "
                "DASK_SCHEDULER_ADDRESS or machine.yaml to train on this machine"
            ) from error
        yield _results_of_cluster(root, client, client.map(_train, [data] * len(runs), runs, pure=False))


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
    if plan.code_digest(run.regularizers) != run.code:
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


def _enlist(stage: int) -> None:
    """Make this process a worker of the stage's: it ends with it, and leaves Ctrl-C to it."""
    # What it keeps are graphs, of which there are only so many: no leak to start it anew for.
    process_executor._MAX_MEMORY_LEAK_SIZE = 2 * 1024**3
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard.die_with_parent(stage)


@functools.cache
def _images(root: Path) -> Images:
    return prepared.read_images(root)


@functools.cache
def _split(root: Path, setting: str) -> prepared.Split:
    return prepared.read_split(root, setting)


def _loaded(mapped: Any) -> Any:
    """Return a copy whose arrays are in memory instead of mapped from a file."""
    return replace(mapped, **{name: value.copy() for name, value in vars(mapped).items()})
