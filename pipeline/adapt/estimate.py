"""How long a study takes, before anything is trained."""

from __future__ import annotations

from pipeline import plan, questions
from pipeline.params import Params

STAGE = 5.0  # of a stage beside its runs: Python, its libraries and DVC took 95 s in 20 stages


def seconds(params: Params, shape: tuple[int, ...], cores: int) -> float:
    """Return how long `dvc repro` takes about, of images of a shape on so many cores."""
    data = {
        name: [f"{name} {split}" for split in (*range(setting.splits), *range(-trials, 0))]
        for name, (setting, trials) in params.draws().items()
    }
    asked = questions.asked(params)
    cells = [cell for question in asked for cell in question.cells(params)]
    plans = plan.resolve(params.stages, [*plan.of_settings(params), *cells], data)
    training = sum(plan.expected(planned, shape)[1] for planned in plans.values())
    stages = len(params.stages) + len(asked) + len(("prepare", "plan", "evaluate", "report"))
    return training / cores + stages * STAGE
