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
from pipeline import questions, records, toy
from pipeline.system import children, machine
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

        by_cell = itertools.groupby(runs, lambda run: run.cell)
        planned = {cell: [Candidate(trials=[], runs=list(of_cell))] for cell, of_cell in by_cell}

        experiment()

        def recorded() -> float:
            def work() -> None:
                # In a stage the store is opened while Keras is loaded; here, while it trains.
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
        copy = toy.copy(Path(folder) / "study")
        repro = (*children.DVC, "repro", "--quiet")
        whole = _seconds_in(copy, *repro)
        nothing = [_seconds_in(copy, *repro) for _ in range(ROUNDS)]
        training = _training_seconds(copy) / machine.read().processes
        verified = [_seconds_in(copy, sys.executable, "-m", "pipeline", "verify") for _ in range(ROUNDS)]
        beyond = []
        # As `dvc repro --force` starts it; otherwise it would take over its runs and train none.
        forced = {"DVC_STAGE": "variant@l2"}
        for _ in range(ROUNDS):
            stage = _seconds_in(copy, sys.executable, "-m", "pipeline.stages.train", "l2", **forced)
            timing = json.loads((copy / records.TIMING / "l2.json").read_text(encoding="utf-8"))
            beyond.append(
                stage - sum(sum(run.values()) for run in timing.values()) / machine.read().processes
            )
    note = f"{whole:.0f} s in all, {training:.0f} s of training on each worker"
    return [
        Measured("noop_seconds", nothing, 5.0, "seconds", False),
        Measured("verify_seconds", verified, 10.0, "seconds", False),
        Measured("stage_overhead", beyond, 5.0, "seconds a stage beyond its training", False),
        Measured("study_overhead", [1 - training / whole], 0.2, "of the study is not training", False, note),
    ]


MEASURING = {"evaluate": ((), 5.0), "report": ((), 5.0), "question": (("weights",), 2.5)}


def quick() -> list[Measured]:
    """Take the first look, `make quick`; then run the stages that only measure again, each by itself."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "quick"
        whole = seconds(lambda: toy.run(copy))
        measured = [Measured("quick_seconds", [whole], 120.0, "seconds", False)]
        for name, (arguments, goal) in MEASURING.items():
            command = (sys.executable, "-m", f"pipeline.stages.{name}", *arguments)
            took = [_seconds_in(copy, *command) for _ in range(ROUNDS)]
            measured.append(Measured(f"{name}_seconds", took, goal, "seconds at toy size", False))
    return measured


def _seconds_in(copy: Path, *command: str, **variables: str) -> float:
    environment = {**toy.environment(), **variables}
    return seconds(lambda: subprocess.run(command, cwd=copy, env=environment, check=True))


def _training_seconds(copy: Path) -> float:
    stages = questions.load(copy / "params.yaml").stages
    timings = [copy / records.TIMING / f"{stage}.json" for stage in stages]
    return sum(
        sum(run.values()) for path in timings for run in json.loads(path.read_text(encoding="utf-8")).values()
    )
