"""Parameters by hand: the section `questions` of a hand-made `params.yaml`, and its check."""

from collections.abc import Mapping
from typing import Any

from pipeline import params, plan, questions
from pipeline.params import Params
from pipeline.plan import Plan

BUDGET = 2  # candidates: the tuned baseline must have as many
SECTIONS = {question.name: question.settings for question in questions.discover()}


def check(raw: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """The checked parameters."""
    return params.check(raw, SECTIONS, source)


def digests(study: Params) -> dict[str, list[str]]:
    """Of made-up data: those of a training set that is reported, and of one to choose on, stay its own."""
    return {
        name: [f"{name} {split}" for split in (*range(setting.splits), *range(-trials, 0))]
        for name, (setting, trials) in study.draws().items()
    }


def resolved(study: Params) -> dict[str, Plan]:
    """The plans of the study, of data whose digests tell the training sets apart."""
    data = digests(study)
    cells = [*plan.of_settings(study)]
    for question in questions.asked(study):
        cells += question.cells(study)
    return plan.resolve(study.stages, cells, data)


def dense(*hidden: int, activation: str = "relu") -> dict[str, Any]:
    """A fully connected network with so many units in every hidden layer."""
    return {"dense": {"hidden": list(hidden), "activation": activation}}


def variants() -> dict[str, Any]:
    """One variant with two candidates and one with a single one."""
    return {"probed": {"l1": {"strength": [0.001, 0.002]}}, "plain": {"l2": {"strength": 0.001}}}


def asked(setting: str) -> dict[str, Any]:
    """Every question on one setting, as small as it may be."""
    paths = {"settings": [setting], "variants": ["probed"], "splits": 3}
    return {name: {} for name in SECTIONS if name != "sizes"} | {
        "tradeoff": paths,
        "weights": dict(paths),
        "batch_norm": {
            "setting": setting,
            "variant": "plain",
            "splits": 3,
            "epochs": 2,
            "optimizer": "sgd",
            "rates": [0.01, 0.1],
            "networks": {"deep": dense(8, 8, activation="tanh")},
            "shift": {"learning_rate": 0.1, "every": 2},
        },
        "choice": {
            "settings": [setting],
            "variants": ["probed"],
            "candidates": [0, 1],
            "trials": 1,
            "splits": 3,
            "conditions": {"wider": {"network": dense(32, 8)}, "noisier": {"label_noise": 0.1}},
        },
    }
