"""How long a study takes, before anything is trained."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from pipeline import plan, questions
from pipeline.params import Params
from pipeline.plan import Run

# A rule of thumb: a run takes START seconds, and for each image and epoch PASS and a share for each
# multiplication of its network. Measured as the processor time of single runs, one at a time, on an AMD EPYC:
# 15 epochs of 660 images of 28 x 28 take 0.2 s with 128 units and 3.4 s with convolutions of 8-16 filters;
# 30 epochs take 0.3 to 1 s and 6.7 s. The rule says up to a third more, for two cores share their memory.
START = 0.15
PASS = 12e-6
MULTIPLIED = {"dense": 0.1e-9, "conv": 1e-9}
SCORED = 0.1  # to score an image takes this share of training on it
STAGE = 5.0  # of a stage beside its runs: Python, its libraries and DVC took 95 s in 20 stages


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
    """Return the seconds of a run on one core."""
    scored = run.train_size + run.validation_size if run.scored else 0
    passes = run.epochs * (run.train_size + SCORED * scored)
    ((kind, fields),) = run.network.items()
    cost = MULTIPLIED.get(kind, max(MULTIPLIED.values()))
    return START + passes * (PASS + cost * _multiplications(fields, shape))


def _multiplications(network: Mapping[str, Any], shape: tuple[int, ...]) -> int:
    """Return how many multiplications an image takes, of the fields of a network; convolutions halve it."""
    height, width, channels = (*shape, 1)[:3]
    count = 0
    for filters in network.get("filters", ()):
        count += height * width * channels * filters * network["kernel"] ** 2
        height, width, channels = height // 2, width // 2, filters
    hidden = network.get("hidden") or [network[field] for field in ("dense",) if field in network]
    units = [height * width * channels, *hidden]
    return count + sum(below * above for below, above in itertools.pairwise(units))
