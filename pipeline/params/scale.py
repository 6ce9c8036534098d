"""One switch that makes the whole study larger."""

from __future__ import annotations

import math

from pipeline.params.models import Params, Setting


def enlarged(params: Params) -> Params:
    """Return the parameters with `scale` times the replicates of every setting and probe.

    These are the training sets, as far as the images go where their number is known; or the
    initialisations of a setting with one training set.
    """
    if params.scale == 1:
        return params
    settings = {}
    for name, setting in params.settings.items():
        if setting.splits == 1:
            settings[name] = setting.model_copy(update={"inits": setting.inits * params.scale})
        else:
            most = _most(params, setting, params.tuning.splits)
            splits = int(min(setting.splits * params.scale, most))
            settings[name] = setting.model_copy(update={"splits": splits})
    probes = params.probes
    known = [settings[name].splits for name in probes.strength_paths.settings]
    paths = min(probes.strength_paths.splits * params.scale, *known)
    rates = min(probes.learning_rates.splits * params.scale, settings[probes.learning_rates.setting].splits)
    cells = {}
    for name, cell in params.map_settings().items():
        splits = int(min(cell.splits * params.scale, _most(params, cell, probes.map.trials)))
        cells[name] = probes.map.cells[name].model_copy(update={"splits": splits})
    larger = {
        "strength_paths": probes.strength_paths.model_copy(update={"splits": paths}),
        "learning_rates": probes.learning_rates.model_copy(update={"splits": rates}),
        "map": probes.map.model_copy(update={"cells": cells}),
    }
    return params.model_copy(update={"settings": settings, "probes": probes.model_copy(update=larger)})


def _most(params: Params, setting: Setting, tuning: int) -> float:
    """How many training sets to report the images allow, beside those of the tuning."""
    if params.data.images is None:
        return math.inf
    pool = params.data.images - (params.data.validation if setting.validation_size else 0)
    return pool // setting.train_size - (tuning if setting.validation_size else 0)
