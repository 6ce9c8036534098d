"""The engine on all cores against a loop around `model.fit` with Keras' defaults, on the same runs.

`python -m benchmarks.speed plain|ours SETTING` trains the runs in a process, so that its start-up counts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import cells
from benchmarks.measure import Measured, seconds
from pipeline.plan import Run
from pipeline.system.checkout import ROOT
from pipeline.training import fanout

CELLS: dict[str, Callable[[], list[Run]]] = {
    "small": lambda: cells.runs("small", ["baseline", "l2", "dropout", "batch_norm"], splits=4),
    "notebook": lambda: cells.runs("notebook", ["baseline", "dropout"], splits=1, inits=2),
}
GOALS = {"small": 10.0, "notebook": 8.0}
ROUNDS = 3


def benchmark(setting: str) -> list[Measured]:
    """Measure runs per second, with warm processes on both sides and with their start-up."""
    runs = CELLS[setting]()
    plain, included, engine, cold = [], [], [], []
    with fanout.workers(ROOT) as start:
        warm_seconds(start, runs)  # the workers start and trace
        for _ in range(ROUNDS):
            included.append(seconds(lambda: plain.append(_process("plain", setting))))
            engine.append(warm_seconds(start, runs))
            cold.append(seconds(lambda: _process("ours", setting)))
    ratio = [a / b for a, b in zip(plain, engine, strict=True)]
    with_start = [a / b for a, b in zip(included, cold, strict=True)]
    per_run = (
        f"{len(runs)} runs: {min(plain) / len(runs):.2f} s a run plain, {min(engine) / len(runs):.2f} s here"
    )
    return [
        Measured(setting, ratio, GOALS[setting], "times as fast", True, per_run),
        Measured(f"{setting}_with_start", with_start, None, "times as fast", True, "start-up included"),
    ]


def forget(runs: list[Run]) -> None:
    """Drop the finished runs that training keeps, so that the next round trains them again."""
    from pipeline import records

    records.release(ROOT, runs)


def engine_seconds(runs: list[Run]) -> float:
    """Train the runs as a stage does; return the seconds."""

    with fanout.workers(ROOT) as start:
        return warm_seconds(start, runs)


def warm_seconds(start: fanout.Train, runs: list[Run]) -> float:
    """Train the runs in workers that are there; return the seconds."""
    took = seconds(lambda: list(start(runs)))
    forget(runs)
    return took


def _process(program: str, setting: str) -> float:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", program, setting],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return float(answer.stdout.split()[-1])


def _plain(runs: list[Run]) -> float:
    """Train as a notebook does, every run after the other; return the seconds, imports excluded."""
    import keras

    from pipeline.training import models

    data = {run.key: cells.replicate(run) for run in runs}

    def train(run: Run) -> None:
        seen, active = data[run.key], models.regularizers(run)
        model = models.build(run, active, seen.train_images.shape[1:], seen.classes)
        optimizer = keras.optimizers.Adam(run.optimizer.learning_rate)
        model.compile(optimizer=optimizer, loss=models.loss(active), metrics=["accuracy"])
        held_out = (seen.validation_images / 255.0, seen.validation_labels) if run.validation_size else None
        model.fit(
            seen.train_images / 255.0,
            seen.train_labels,
            batch_size=run.batch_size,
            epochs=run.epochs,
            validation_data=held_out,
            callbacks=[callback for regularizer in active for callback in regularizer.callbacks()],
            verbose=0,
        )
        model.evaluate(seen.test_images / 255.0, seen.test_labels, verbose=0)

    begun = time.perf_counter()
    for run in runs:
        train(run)
    return time.perf_counter() - begun


if __name__ == "__main__":
    print({"plain": _plain, "ours": engine_seconds}[sys.argv[1]](CELLS[sys.argv[2]]()))
