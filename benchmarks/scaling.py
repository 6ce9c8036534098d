"""More workers, and more runs: time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from benchmarks import cells
from benchmarks.measure import Measured, alternately, seconds
from benchmarks.speed import warm_seconds
from pipeline.system.checkout import ROOT
from pipeline.training import backend, fanout

ROUNDS = 3
FEW, MANY = 20, 200


def workers() -> Measured:
    """Measure the same runs on one worker and on two, both warm."""
    runs = cells.runs("small", ["baseline", "dropout"], splits=8)

    def on(count: int) -> float:
        os.environ["WORKERS"] = str(count)
        try:
            with fanout.workers(ROOT) as start:
                warm_seconds(start, runs[:4])
                return warm_seconds(start, runs)
        finally:
            del os.environ["WORKERS"]

    one, two = alternately(lambda: on(1), lambda: on(2), ROUNDS)
    ratios = [a / b for a, b in zip(one, two, strict=True)]
    return Measured("workers", ratios, 1.8, "times as fast with two workers as with one", True)


def scale() -> list[Measured]:
    """Measure time a run and peak memory of one process after many runs against few."""
    few, many = [], []
    for _ in range(ROUNDS):
        few.append(_process(FEW))
        many.append(_process(MANY))
    time = [b[0] / a[0] for a, b in zip(few, many, strict=True)]
    memory = [b[1] / a[1] for a, b in zip(few, many, strict=True)]
    note = f"{FEW} runs against {MANY}"
    peak = f"{note}: {few[0][1]:.0f} and {many[0][1]:.0f} MB"
    return [
        Measured("scale_time", time, 1.05, "times the time a run", False, note),
        Measured("scale_memory", memory, 1.05, "times the peak memory", False, peak),
    ]


def _process(count: int) -> tuple[float, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.scaling", str(count)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    each, peak = answer.stdout.split()
    return float(each), float(peak)


def _train(count: int) -> None:
    """Train `count` short runs in this process; print seconds a run and peak megabytes."""
    backend.import_keras()
    from pipeline.training.trainer import train

    runs = cells.runs("small", ["dropout"], splits=10, inits=2)
    short = [run.model_copy(update={"epochs": 10}) for run in runs]
    data = [cells.replicate(run) for run in short]
    train(short[0], data[0])
    took = seconds(lambda: [train(short[n % 20], data[n % 20]) for n in range(count)])
    print(took / count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    _train(int(sys.argv[1]))
