"""A scheduler and workers of dask on the loopback, each a process of its own; and what to ask of a worker."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
from distributed import Client

from tests.processes import end_all, tree, until

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = {
    "DASK_LOGGING__DISTRIBUTED": "error",
    # It drops copies that it finds idle: then they would arrive again.
    "DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START": "False",
}


class Cluster:
    """A scheduler, and workers of one thread each; a context manager that ends them all."""

    def __init__(
        self, folder: Path, scheduler_root: Path = REPOSITORY, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder, self._scheduler_root, self._settings = folder, scheduler_root, settings or {}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Cluster":
        file = self._folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", self._scheduler_root, "--port", "0", "--scheduler-file", str(file)
        )
        until(file.exists, "the scheduler")
        self.client = Client(scheduler_file=str(file), timeout=60, set_as_default=False)
        self.address = str(self.client.scheduler.address)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        for process in reversed(self._started):
            end_all(tree(process.pid) if process.poll() is None else [])
            process.wait()

    def add_workers(self, count: int, root: Path = REPOSITORY) -> None:
        """Start workers with the code of the checkout `root`, and wait until they are there."""
        expected = len(self.workers()) + count
        for _ in range(count):
            self._start("worker", root, self.address, "--nthreads", "1", "--no-nanny")
        self.client.wait_for_workers(expected, timeout=60)

    def workers(self) -> dict[str, psutil.Process]:
        """The process of every worker, by its address."""
        return {address: psutil.Process(pid) for address, pid in self.client.run(os.getpid).items()}

    def until_busy(self, count: int) -> list[psutil.Process]:
        """Wait until so many workers are training, and return them."""
        workers, busy = self.workers(), list[psutil.Process]()

        def are_busy() -> bool:
            busy[:] = [workers[address] for address, tasks in self.client.processing().items() if tasks]
            return len(busy) >= count

        until(are_busy, f"{count} busy workers")
        return busy

    def _start(self, kind: str, root: Path, *options: str) -> "subprocess.Popen[bytes]":
        # `-m` puts the working directory, the checkout, where modules are found.
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, "--no-dashboard", *options],
            cwd=root,
            env={**_environment(), **SETTINGS, **self._settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process


def _environment() -> Mapping[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("DASK_") and k != "PYTHONPATH"}


# ---- carried out in a worker ----


def begin_to_count() -> None:
    """From now on count how often data arrive here, and how often a run takes its part of them."""
    from pipeline.datasets import prepared
    from pipeline.plan import Run
    from pipeline.training import fanout

    take = fanout.InMemory.replicate

    def restore(data: fanout.InMemory, state: dict[str, object]) -> None:
        counts["arrivals"] += 1
        data.__dict__.update(state)

    def replicate(data: fanout.InMemory, run: Run) -> prepared.Replicate:
        counts["runs"] += 1
        return take(data, run)

    fanout.InMemory.__setstate__ = restore  # type: ignore[attr-defined]
    fanout.InMemory.replicate = replicate  # type: ignore[method-assign, assignment]


def counted() -> dict[str, int]:
    """What was counted."""
    return counts


counts = {"arrivals": 0, "runs": 0}
