"""What is not training: MLflow, DVC, the start of processes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks import cells
from benchmarks.measure import Measured, alternately, seconds
from benchmarks.speed import forget, warm_seconds
from pipeline import machine, params, records, toy
from pipeline.checkout import ROOT
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
                with Recorder("bench", planned) as recorder:
                    for result in start(runs):
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
        environment = toy.environment()

        def repro() -> float:
            command = ["dvc", "repro", "--quiet"]
            return seconds(lambda: subprocess.run(command, cwd=copy, env=environment, check=True))

        whole = repro()
        nothing = [repro() for _ in range(ROUNDS)]
        training = _training_seconds(copy) / machine.read().processes
        force = ["dvc", "repro", "--quiet", "--force", "--single-item", "variant@l2"]
        stage = seconds(lambda: subprocess.run(force, cwd=copy, env=environment, check=True))
        own = json.loads((copy / records.TIMING / "l2.json").read_text(encoding="utf-8"))
        busy = sum(sum(run.values()) for run in own.values()) / machine.read().processes
    note = f"{whole:.0f} s in all, {training:.0f} s of training on each worker"
    return [
        Measured("noop_seconds", nothing, 5.0, "seconds", False),
        Measured("stage_overhead", [stage - busy], 10.0, "seconds a stage beyond its training", False),
        Measured("study_overhead", [1 - training / whole], 0.25, "of the study is not training", False, note),
    ]


def _training_seconds(copy: Path) -> float:
    parts = params.load(copy / "params.yaml").parts
    timings = [copy / records.TIMING / f"{part}.json" for part in parts]
    return sum(
        sum(run.values()) for path in timings for run in json.loads(path.read_text(encoding="utf-8")).values()
    )
