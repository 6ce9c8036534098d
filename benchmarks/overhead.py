"""What is not training: MLflow, DVC, the start of processes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import cells
from benchmarks.measure import Measured, alternately, seconds
from benchmarks.speed import forget, warm_seconds
from pipeline import params, records, toy
from pipeline.system import machine
from pipeline.system.checkout import ROOT
from pipeline.training import fanout

ROUNDS = 3


def tracking() -> Measured:
    """Measure a stage's runs recorded in a fresh MLflow store against the same unrecorded."""
    runs = [run for name in ("small", "noisy") for run in cells.runs(name, ["dropout"], splits=10, inits=2)]
    with fanout.workers(ROOT) as start, tempfile.TemporaryDirectory() as folder:
        warm_seconds(start, runs)  # the workers start and trace
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        from pipeline.plan import Candidate
        from pipeline.tracking import Recorder, experiment

        groups = itertools.groupby(runs, lambda run: run.cell)
        planned = {cell: [Candidate(trials=[], runs=list(group))] for cell, group in groups}

        experiment()

        def recorded() -> float:
            def work() -> None:
                # In a stage the parents are made while Keras is loaded; here, while it trains.
                results = start(runs)
                with Recorder("bench", planned) as recorder:
                    for result in results:
                        recorder.record(result)

            took = seconds(work)
            forget(runs)
            return took

        with_, without = alternately(recorded, lambda: warm_seconds(start, runs), ROUNDS)
    ratios = [a / b for a, b in zip(with_, without, strict=True)]
    return Measured("tracking", ratios, 1.05, "times the time without MLflow", False, f"{len(runs)} runs")


def study() -> list[Measured]:
    """Reproduce the whole default study in a copy of this checkout; then again, with nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "study"
        toy.copy(copy)

        repro = ("dvc", "repro", "--quiet")
        whole = _seconds_in(copy, *repro)
        nothing = [_seconds_in(copy, *repro) for _ in range(ROUNDS)]
        training = _training_seconds(copy) / machine.read().processes
        verified = [_seconds_in(copy, sys.executable, "-m", "pipeline", "verify") for _ in range(ROUNDS)]
        beyond = []
        for _ in range(ROUNDS):
            stage = _seconds_in(copy, sys.executable, "-m", "pipeline.stages.train", "l2")
            own = json.loads((copy / records.TIMING / "l2.json").read_text(encoding="utf-8"))
            beyond.append(stage - sum(sum(run.values()) for run in own.values()) / machine.read().processes)
    note = f"{whole:.0f} s in all, {training:.0f} s of training on each worker"
    return [
        Measured("noop_seconds", nothing, 5.0, "seconds", False),
        Measured("verify_seconds", verified, 10.0, "seconds", False),
        Measured("stage_overhead", beyond, 5.0, "seconds a stage beyond its training", False),
        Measured("study_overhead", [1 - training / whole], 0.2, "of the study is not training", False, note),
    ]


MEASURING = {"evaluate": ((), 5.0), "report": ((), 5.0), "claims": ((), 2.5), "probe": (("weights",), 2.5)}


def quick() -> list[Measured]:
    """Take the first look, `make quick`; then run the stages that only measure again, each by itself."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "quick"
        whole = seconds(lambda: toy.run(copy))
        found = [Measured("quick_seconds", [whole], 120.0, "seconds", False)]
        for name, (arguments, goal) in MEASURING.items():
            command = (sys.executable, "-m", f"pipeline.stages.{name}", *arguments)
            took = [_seconds_in(copy, *command) for _ in range(ROUNDS)]
            found.append(Measured(f"{name}_seconds", took, goal, "seconds at toy size", False))
    return found


def _seconds_in(copy: Path, *command: str) -> float:
    return seconds(lambda: subprocess.run(command, cwd=copy, env=toy.environment(), check=True))


def _training_seconds(copy: Path) -> float:
    parts = params.load(copy / "params.yaml").parts
    timings = [copy / records.TIMING / f"{part}.json" for part in parts]
    return sum(
        sum(run.values()) for path in timings for run in json.loads(path.read_text(encoding="utf-8")).values()
    )
