"""What runs cost, about, before they are trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pipeline.plan.runs import Candidate, Plan, Run, certain, every_run, trials

# A rule of thumb: a run takes START seconds, and for each image and epoch PASS and a share for each
# multiplication of its network. Measured as the processor time of single runs, one at a time, on an AMD EPYC:
# 15 epochs of 660 images of 28 x 28 take 0.2 s with 128 units and 3.4 s with convolutions of 8-16 filters;
# 30 epochs take 0.3 to 1 s and 6.7 s. The rule says up to a third more, for two cores share their memory.
START = 0.15
PASS = 12e-6
MULTIPLIED = 0.1e-9
SCORED = 0.1  # to score an image takes this share of training on it
SHAPE = (28, 28)  # of images, where only the costs of runs beside each other matter


def seconds(run: Run, image_shape: tuple[int, ...] = SHAPE) -> float:
    """Return about how many seconds a run takes on one core, at most: it may stop early."""
    scored = run.train_size + run.validation_size if run.scored else 0
    passes = run.epochs * (run.train_size + SCORED * scored)
    return START + passes * (PASS + MULTIPLIED * run.architecture.work(image_shape))


def expected(plan: Plan, image_shape: tuple[int, ...] = SHAPE) -> tuple[int, float]:
    """Return how many runs are trained, and their seconds on one core, about: not all is chosen yet.

    A cell with several candidates counts as the mean over them.
    """
    runs = {run.key: run for run in (*trials(plan), *certain(plan))}
    count, cost = len(runs), sum(seconds(run, image_shape) for run in runs.values())
    for candidates in plan.values():
        if len(candidates) > 1:
            further = [[run for run in c.runs if run.key not in runs] for c in candidates]
            count += sum(map(len, further)) // len(candidates)
            cost += sum(seconds(run, image_shape) for listed in further for run in listed) / len(candidates)
    return count, cost


def budget(
    plans: Iterable[Plan], image_shape: tuple[int, ...] = SHAPE
) -> Iterator[tuple[str, int, int, float]]:
    """Yield who asks for cells: the name, how many cells, and their runs and seconds as `expected` has them.

    First every setting, then every question. A run that several ask for counts with the first of them.
    """
    asked: dict[tuple[bool, str], Plan] = {}
    for plan in plans:
        for cell, candidates in plan.items():
            run = candidates[0].runs[0]
            asked.setdefault((bool(run.question), run.question or run.setting), {})[cell] = candidates
    counted: set[str] = set()
    for (_, name), cells in sorted(asked.items(), key=lambda item: item[0][0]):
        yield name, len(cells), *expected(_without(cells, counted), image_shape)
        counted |= {run.key for run in every_run(cells)}


def _without(plan: Plan, keys: Collection[str]) -> Plan:
    def kept(runs: list[Run]) -> list[Run]:
        return [run for run in runs if run.key not in keys]

    return {
        cell: [Candidate(trials=kept(each.trials), runs=kept(each.runs)) for each in candidates]
        for cell, candidates in plan.items()
    }
