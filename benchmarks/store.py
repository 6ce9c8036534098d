"""What it costs to keep a store in agreement with 1,000 to 20,000 made-up runs, in a store of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Measured, seconds

SIZES = "1000,5000,20000"  # STORE_SIZES names others; STORE_URI, an empty store that is not SQLite
CHILDREN, EPOCHS = 19, 40


def store() -> list[Measured]:
    """Measure `sync` into an empty store, `verify` and `sync` again: seconds a thousand runs, and memory."""
    measured = []
    for size in map(int, os.environ.get("STORE_SIZES", SIZES).split(",")):
        command = [sys.executable, "-m", "benchmarks.store", str(size)]
        with tempfile.TemporaryDirectory() as scratch:
            uri = os.environ.get("STORE_URI", f"sqlite:///{scratch}/runs.db")
            environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
            ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found = json.loads(ended.stdout.splitlines()[-1])
        note = f"{size:,} runs, {found.pop('memory'):.0f} MB at most"
        measured += [
            Measured(f"{name} {size}", [1000 * taken / size], None, "s a thousand", False, note)
            for name, taken in found.items()
        ]
    return measured


def _measure(size: int, scratch: Path) -> dict[str, float]:
    """Return the seconds of each step, and the most memory that the process had, in MB."""
    import resource

    import pipeline.tracking  # noqa: F401  (which sets what MLflow reads)
    from pipeline.tracking.agreement import (
        Circumstances,
        Contents,
        Data,
        Entry,
        Experiment,
        Group,
        Ledger,
        Process,
        sync,
        verify,
    )

    def run(number: int) -> Entry:
        return Entry(
            key=f"run-{number}",
            name=f"run {number}",
            tags={"kind": "run", "split": str(number % 7)},
            params={f"parameter {place}": str(place) for place in range(20)},
            metrics={f"final/{place}": number / (place + 3) for place in range(7)},
            curves={f"epoch/{place}": [number / (e + 1) for e in range(EPOCHS)] for place in range(7)},
            note=f"Run {number}.",
            data=Data("made-up", "0123456789abcdef", "local", {"path": "nowhere"}),
        )

    groups = [
        Group(Entry(key=f"group-{first}", name=f"group {first}"), [run(first + n) for n in range(CHILDREN)])
        for first in range(0, size, CHILDREN + 1)
    ]
    contents = Contents(groups)
    ledger = Ledger(Experiment("made-up"), Circumstances(Process(scratch), scratch))
    taken = {"sync": seconds(lambda: sync(ledger, contents))}
    taken["verify"] = seconds(lambda: _none(verify(ledger, contents)))
    taken["again"] = seconds(lambda: _none(sync(ledger, contents)))
    taken["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return taken


def _none(differences: list[str]) -> None:
    if differences:
        raise RuntimeError(f"expected agreement, found {differences[:3]}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_measure(int(sys.argv[1]), Path(folder))))
