"""The runs that the parameters imply, each with the key that names everything its result depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.data.splits import seed
from pipeline.params import BASELINE, TUNED_BASELINE, Mix, Params, Setting
from pipeline.plan.code import code_digest
from pipeline.plan.runs import Candidate, Plan, Run

Fields = dict[str, Any]  # of a run, but for its replicate


def resolve(params: Params, data: Mapping[str, str]) -> dict[str, Plan]:
    """Return the plan of every part of the study: the baselines, the variants, the probes that train.

    `data` maps each setting to the digest of its images, draws and labels.
    """
    plans: dict[str, Plan] = {name: {} for name in (BASELINE, TUNED_BASELINE, *params.variants)}
    for name, setting in params.settings.items():
        own = _conditions(name, setting, data)
        plans[BASELINE] |= _cell(setting, [own | _part(BASELINE)])
        if setting.validation_size:
            lists = params.tuning.baseline
            listed = [
                own
                | _part(TUNED_BASELINE)
                | {"epochs": epochs, "optimizer": own["optimizer"] | {"learning_rate": rate}}
                for epochs, rate in zip(lists.epochs, lists.learning_rate, strict=True)
            ]
            plans[TUNED_BASELINE] |= _cell(setting, listed, params.tuning.splits)
        for variant, mixes in params.candidates(name).items():
            parts = [own | _part(variant, mix) for mix in mixes]
            plans[variant] |= _cell(setting, parts, params.tuning.splits)
    return plans | {
        "strength_paths": _merged(_strength_paths(params, data)),
        "learning_rates": _merged(_learning_rates(params, data)),
        "map": _merged(_map(params, data)),
    }


def _strength_paths(params: Params, data: Mapping[str, str]) -> Iterator[Plan]:
    """Every candidate of a variant, a cell each."""
    probe = params.probes.strength_paths
    for name in probe.settings:
        setting = params.settings[name].model_copy(update={"splits": probe.splits, "inits": 1})
        own = _conditions(name, setting, data)
        for variant in probe.variants:
            for mix in params.candidates(name)[variant]:
                yield _cell(setting, [own | _part(variant, mix) | {"point": _strengths(mix)}], curves=False)


def _learning_rates(params: Params, data: Mapping[str, str]) -> Iterator[Plan]:
    """Every learning rate on every network, with and without the variant; and where the shift is measured."""
    probe = params.probes.learning_rates
    changes = {"splits": probe.splits, "inits": 1, "epochs": probe.epochs}
    setting = params.settings[probe.setting].model_copy(update=changes)
    (mix,) = params.variants[probe.variant]
    for network, shape in probe.networks.items():
        own = _conditions(probe.setting, setting, data) | shape.model_dump()
        for part in (_part(BASELINE), _part(probe.variant, mix)):
            for rate in probe.rates:
                trained = {"optimizer": {"name": probe.optimizer, "learning_rate": rate}}
                point = {"point": f"{network}/learning_rate={rate:g}"}
                yield _cell(setting, [own | part | trained | point])
            trained = {"optimizer": {"name": probe.optimizer, "learning_rate": probe.shift.learning_rate}}
            shift: Fields = {"point": f"{network}/shift", "shift_every": probe.shift.every}
            yield _cell(setting, [own | part | trained | shift])


def _map(params: Params, data: Mapping[str, str]) -> Iterator[Plan]:
    """Every method in every cell of the map; those with a strength choose it there."""
    probe = params.probes.map
    for name, setting in params.map_settings().items():
        own = _conditions(name, setting, data)
        yield _cell(setting, [own | _part(BASELINE)], curves=False)
        for variant in probe.variants:
            mixes = params.variants[variant]
            tried = [mixes[number] for number in probe.candidates] if len(mixes) > 1 else mixes
            yield _cell(setting, [own | _part(variant, mix) for mix in tried], probe.trials, curves=False)


def _conditions(name: str, setting: Setting, data: Mapping[str, str]) -> Fields:
    own = setting.model_dump(exclude={"splits", "inits", "seed", "variants", "overrides"})
    return own | {"setting": name, "data": data[name]}


def _part(variant: str, mix: Mix | None = None) -> Fields:
    regularizers = {name: part.model_dump() for name, part in mix.regularizers.items()} if mix else {}
    return {"variant": variant, "regularizers": regularizers, "code": code_digest(regularizers)}


def _strengths(mix: Mix) -> str:
    parts = [part.model_dump() for part in mix.regularizers.values()]
    return " ".join(f"{field}={value:g}" for part in parts for field, value in part.items())


def _cell(setting: Setting, candidates: list[Fields], trials: int = 0, curves: bool = True) -> Plan:
    """Return the one cell of these candidates, each with as many trials if there are several.

    To score every epoch takes as long as to train. So that is done where the `curves` are looked at, of one
    initialisation a training set (of all, where there is one set); never in a trial, of which the end counts.
    """
    watched = range(setting.inits if setting.splits == 1 else 1) if curves else ()
    sets, tried = range(setting.splits), range(setting.splits, setting.splits + trials)
    if len(candidates) == 1:
        tried = range(0)
    listed = [
        Candidate(
            trials=[_run(setting, own | {"curves": False}, split, 0, number) for split in tried],
            runs=[
                _run(setting, own | {"curves": init in watched}, split, init)
                for split in sets
                for init in range(setting.inits)
            ],
        )
        for number, own in enumerate(candidates)
    ]
    return {listed[0].runs[0].cell: listed}


def _run(setting: Setting, own: Fields, split: int, init: int, trial: int | None = None) -> Run:
    return Run(
        **own,
        split=split,
        init=init,
        trial=trial,
        init_seed=seed("init", setting.seed, init),
        order_seed=seed("order", setting.seed, split, init),
        noise_seed=seed("noise", setting.seed, split, init),
    ).with_key()


def _merged(plans: Iterator[Plan]) -> Plan:
    return {cell: listed for plan in plans for cell, listed in plan.items()}
