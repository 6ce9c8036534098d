"""The `probes` section for a hand-made `params.yaml`, and the variants that it needs."""

from typing import Any

BUDGET = 2  # candidates: the tuned baseline must have as many


def variants() -> dict[str, Any]:
    """One variant with two candidates and one with a single one."""
    return {"probed": {"l1": {"strength": [0.001, 0.002]}}, "plain": {"l2": {"strength": 0.001}}}


def probes(setting: str) -> dict[str, Any]:
    """Every probe on one setting, as small as it may be."""
    return {
        "strength_paths": {"settings": [setting], "variants": ["probed"], "splits": 3},
        "learning_rates": {
            "setting": setting,
            "variant": "plain",
            "splits": 3,
            "epochs": 2,
            "optimizer": "sgd",
            "rates": [0.01, 0.1],
            "networks": {"deep": {"hidden": [8, 8], "activation": "tanh"}},
            "shift": {"learning_rate": 0.1, "every": 2},
        },
        "map": {
            "settings": [setting],
            "variants": ["probed"],
            "candidates": [0, 1],
            "trials": 1,
            "splits": 3,
            "cells": {"wider": {"hidden": [32, 8]}, "noisier": {"label_noise": 0.1}},
        },
    }
