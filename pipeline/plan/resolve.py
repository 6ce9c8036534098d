"""From the cells that are asked for to runs, each with a key that covers all its result depends on."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.datasets.seeds import seed
from pipeline.params import Mix, Setting
from pipeline.plan.cells import Cell
from pipeline.plan.code import code_digest
from pipeline.plan.runs import Candidate, Plan, Run

Digests = Mapping[str, Sequence[str]]  # of the data of every training set, by the name of the condition


def resolve(stages: Iterable[str], cells: Iterable[Cell], data: Digests) -> dict[str, Plan]:
    """Return the plan of every training stage: its cells, in their order.

    Cells may share runs, which equal keys tell: a stage trains each once. Raises ValueError for a name that
    is used twice.
    """
    plans: dict[str, Plan] = {stage: {} for stage in stages}
    for cell in cells:
        candidates = [
            _candidate(cell, place, setting, mix, data)
            for place, (setting, mix) in enumerate(cell.candidates)
        ]
        name, plan = candidates[0].runs[0].cell, plans[cell.stage]
        if name in plan:
            raise ValueError(f"{name}: expected a label that no other cell of {cell.question} has")
        plan[name] = candidates
    return plans


def _candidate(cell: Cell, place: int, setting: Setting, mix: Mix | None, data: Digests) -> Candidate:
    """Return the runs of a candidate, and the trials if there are several.

    To score every epoch takes as long as to train. So that is done where the `curves` are looked at, of one
    initialisation a training set (of all, where there is one set); never in a trial, of which the end counts.
    """
    watched = range(setting.inits if setting.splits == 1 else 1) if cell.curves else ()
    tried = range(-1, -1 - cell.trials, -1) if len(cell.candidates) > 1 else ()
    run = functools.partial(_run, setting, _fields(cell, setting, mix), data[cell.setting])
    return Candidate(
        trials=[run(split, 0, curves=False, trial=place) for split in tried],
        runs=list(_replicates(setting, run, watched)),
    )


def _replicates(setting: Setting, run: functools.partial[Run], watched: Sequence[int]) -> Iterator[Run]:
    for split in range(setting.splits):
        for init in range(setting.inits):
            yield run(split, init, curves=init in watched)


def _fields(cell: Cell, setting: Setting, mix: Mix | None) -> dict[str, Any]:
    """Return what the replicates of a candidate share."""
    network = setting.network.model_dump(exclude_none=True)
    parts = mix.regularizers.items() if mix else ()
    # What is at its default is as if it were not there: a new option gives the runs without it no new key.
    regularizers = {name: part.model_dump(exclude_defaults=True) for name, part in parts}
    return {
        **setting.model_dump(
            exclude={"data", "network", "splits", "inits", "crossed", "seed", "variants", "overrides"}
        ),
        "source": setting.data,
        **{name: getattr(cell, name) for name in ("setting", "variant", "question", "label", "shift_every")},
        "network": network,
        "regularizers": regularizers,
        "code": code_digest(network, regularizers),
    }


def _run(
    setting: Setting,
    fields: Mapping[str, Any],
    data: Sequence[str],
    split: int,
    init: int,
    curves: bool,
    trial: int | None = None,
) -> Run:
    initial = (init,) if setting.crossed else (split, init)
    return Run(
        **fields,
        split=split,
        init=init,
        trial=trial,
        curves=curves,
        data=data[split],
        init_seed=seed("init", setting.seed, *initial),
        order_seed=seed("order", setting.seed, split, init),
        noise_seed=seed("noise", setting.seed, split, init),
    ).with_key()
