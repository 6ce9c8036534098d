"""How long a study takes, before anything is trained."""

from __future__ import annotations

import itertools
import math

from pipeline import plan, questions
from pipeline.params import Params
from pipeline.plan import Run

# Rules of thumb, measured on two cores of an AMD EPYC with a study of 6,000 images of 28 x 28.
START = 0.1  # seconds of a run, whatever its size
PASS = {"dense": 20e-6, "conv": 120e-6}  # seconds an image and epoch, at VALUES values an image
VALUES = 28 * 28
STAGE = 5.0  # seconds of a stage that trains nothing: Python, its libraries and DVC


def seconds(params: Params, shape: tuple[int, ...], cores: int) -> float:
    """Return how long `dvc repro` takes about, of images of a shape on so many cores."""
    data = {
        name: [f"{name} {split}" for split in (*range(setting.splits), *range(-trials, 0))]
        for name, (setting, trials) in params.draws().items()
    }
    cells = [cell for question in questions.discover() for cell in question.cells(params)]
    plans = plan.resolve(params.stages, [*plan.of_settings(params), *cells], data)
    training = sum(_of_stage(planned, shape) for planned in plans.values())
    stages = len(params.stages) + len(questions.discover()) + len(("prepare", "plan", "evaluate", "report"))
    return training / cores + stages * STAGE


def _of_stage(planned: plan.Plan, shape: tuple[int, ...]) -> float:
    """Return the seconds of the runs of a stage, on one core; of what is chosen, of the mean candidate."""
    runs = {run.key: _of_run(run, shape) for run in (*plan.trials(planned), *plan.certain(planned))}
    chosen = 0.0
    for candidates in planned.values():
        if len(candidates) > 1:
            further = itertools.chain.from_iterable(candidate.runs for candidate in candidates)
            chosen += sum(_of_run(run, shape) for run in further) / len(candidates)
    return sum(runs.values()) + chosen


def _of_run(run: Run, shape: tuple[int, ...]) -> float:
    """Return the seconds of a run on one core; to score an image takes as long as to train on it."""
    scored = run.train_size + run.validation_size if run.scored else 0
    (network,) = run.network
    a_pass = PASS.get(network, max(PASS.values())) * max(math.prod(shape) / VALUES, 0.5)
    return START + run.epochs * (run.train_size + scored) * a_pass
