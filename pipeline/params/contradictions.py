"""What is valid by itself and impossible together."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.params.models import BASELINE, TUNED_BASELINE, Mix, Params, Setting
from pipeline.params.probes import TRAINED


def contradictions(params: Params) -> Iterator[str]:
    """Say what is valid by itself and impossible together.

    Of the probes only where there is nothing else to say: what is wrong with a setting would be said again
    for everything that is made from it.
    """
    held = list(_of_held_out(params, params.data.images))
    faults = held or list(_of_study(params)) or list(_of_names(params)) or list(_of_probes(params))
    yield from faults


def shortages(params: Params, images: int) -> Iterator[str]:
    """Say where more is asked for than these training images, of parameters that `scale` was applied to."""
    held = list(_of_held_out(params, images))
    yield from held
    scaled = f", at scale {params.scale}" if params.scale > 1 else ""
    for name, (setting, sets) in params.draws().items() if not held else ():
        at = f"settings.{name}" if name in params.settings else f"probes.map.cells.{name}"
        for fault in _of_pool(params, at, setting, sets, images):
            yield fault + scaled


def _of_held_out(params: Params, images: int | None) -> Iterator[str]:
    held = params.data.validation
    if images is not None and held > images:
        yield f"data.validation: expected less than or equal to {images}, received {held}"


def _of_study(params: Params) -> Iterator[str]:
    for name in params.settings:
        yield from _of_setting(params, name)
    for name in (BASELINE, TUNED_BASELINE, *TRAINED):
        if name in params.variants:
            yield f"variants.{name}: expected another name, for the study has a {name} of its own"
    lists = params.tuning.baseline
    if len(lists.epochs) != len(lists.learning_rate):
        yield (
            "tuning.baseline: expected as many epochs as learning rates, received "
            f"{len(lists.epochs)} and {len(lists.learning_rate)}"
        )
        return  # against neither can candidates be counted
    every = {f"variants.{name}": mixes for name, mixes in params.variants.items()}
    for setting, own in params.settings.items():
        every |= {f"settings.{setting}.overrides.{name}": mixes for name, mixes in own.overrides.items()}
    for at, mixes in every.items():
        yield from _of_candidates(at, mixes, len(lists.epochs))


def _of_names(params: Params) -> Iterator[str]:
    """Say which names the probes use that are not there."""
    probes = params.probes
    settings = {
        "strength_paths.settings": probes.strength_paths.settings,
        "learning_rates.setting": [probes.learning_rates.setting],
        "map.settings": probes.map.settings,
    }
    variants = {
        "strength_paths.variants": probes.strength_paths.variants,
        "learning_rates.variant": [probes.learning_rates.variant],
        "map.variants": probes.map.variants,
    }
    for known, used in ((params.settings, settings), (params.variants, variants)):
        for at, names in used.items():
            for name in names:
                if name not in known:
                    yield f"probes.{at}: expected names among {', '.join(known)}, received {name!r}"
    for name in probes.map.cells:
        if name in params.settings:
            yield f"probes.map.cells.{name}: expected another name, for a setting is called so"


def _of_probes(params: Params) -> Iterator[str]:
    probes = params.probes
    used = {
        "strength_paths.settings": probes.strength_paths.settings,
        "learning_rates.setting": [probes.learning_rates.setting],
        "map.settings": probes.map.settings,
    }
    for at, names in used.items():
        for name in names:
            if not params.settings[name].validation_size:
                yield f"probes.{at}: expected settings that hold images out, received {name!r}"
    yield from _of_map(params)
    paths = probes.strength_paths
    for name in paths.settings:
        if paths.splits > params.settings[name].splits:
            yield (
                f"probes.strength_paths.splits: expected at most the {params.settings[name].splits} "
                f"training sets of {name}, received {paths.splits}"
            )
        for variant in paths.variants:
            yield from _of_path(params.candidates(name).get(variant, ()), variant, name)
    rates = probes.learning_rates
    if rates.splits > params.settings[rates.setting].splits:
        yield (
            f"probes.learning_rates.splits: expected at most the {params.settings[rates.setting].splits} "
            f"training sets of {rates.setting}, received {rates.splits}"
        )
    if len(params.variants[rates.variant]) > 1:
        yield (
            f"probes.learning_rates.variant: expected a variant with a single candidate, received "
            f"{rates.variant!r}"
        )


def _of_path(mixes: tuple[Mix, ...], variant: str, setting: str) -> Iterator[str]:
    """Say what is no path along one strength: one field, of networks whose weights are read afterwards."""
    at = "probes.strength_paths.variants"
    if not mixes:
        yield f"{at}: expected variants that {setting} takes, received {variant!r}"
    elif "batch_norm" in mixes[0].regularizers:
        yield f"{at}: expected variants without batch_norm, received {variant!r}"
    elif sum(len(part.model_dump()) for part in mixes[0].regularizers.values()) != 1:
        yield f"{at}: expected variants of one regularizer with one field, its strength, received {variant!r}"


def _of_map(params: Params) -> Iterator[str]:
    probe = params.probes.map
    for name in probe.settings:
        if params.settings[name].splits == 1:
            yield f"probes.map.settings: expected settings of several training sets, received {name!r}"
        for variant in probe.variants:
            if variant not in params.candidates(name):
                yield f"probes.map.variants: expected variants that {name} takes, received {variant!r}"
    for variant in probe.variants:
        count = len(params.variants[variant])
        beyond = [number for number in probe.candidates if number >= count > 1]
        if beyond:
            yield (
                f"probes.map.candidates: expected positions below {count}, the candidates of {variant}, "
                f"received {beyond[0]}"
            )
    base = probe.settings[0]
    depth = len(params.settings[base].hidden)
    for name, cell in params.map_settings().items():
        at = f"probes.map.cells.{name}"
        yield from _of_size(params, at, cell, probe.trials)
        if len(cell.hidden) != depth:
            yield f"{at}.hidden: expected as many layers as {base} has, {depth}, received {cell.hidden}"


def _of_candidates(at: str, mixes: tuple[Mix, ...], budget: int) -> Iterator[str]:
    if len(mixes) not in (1, budget):
        yield (
            f"{at}: expected one value, or {budget} candidates as the baseline has in tuning.baseline, "
            f"received {len(mixes)}"
        )
    if len({mix.model_dump_json() for mix in mixes}) < len(mixes):
        yield f"{at}: expected candidates that differ"


def _of_setting(params: Params, name: str) -> Iterator[str]:
    setting, at = params.settings[name], f"settings.{name}"
    listed = params.variants if setting.variants == "all" else setting.variants
    unknown = [variant for variant in listed if variant not in params.variants]
    for variant in unknown:
        yield f"{at}.variants: expected names among {', '.join(params.variants)}, received {variant!r}"
    for variant in setting.overrides:
        if variant not in listed:
            yield f"{at}.overrides.{variant}: expected a variant that the setting lists"
    yield from _of_size(params, at, setting, params.tuning.splits if setting.validation_size else 0)
    if setting.validation_size > params.data.validation:
        yield (
            f"{at}.validation_size: expected at most data.validation = {params.data.validation}, "
            f"received {setting.validation_size}"
        )
    if setting.splits == 2:
        yield (
            f"{at}.splits: expected 1 or at least 3, received 2: the jackknife over two training sets "
            "leaves one, which shows no spread between them"
        )
    elif setting.splits * setting.inits < 3:
        yield (
            f"{at}.inits: expected at least 3 replicates (splits x inits) for an interval, "
            f"received {setting.splits} x {setting.inits}"
        )
    if not setting.validation_size and not unknown:
        for variant, mixes in params.candidates(name).items():
            if len(mixes) > 1:
                yield (
                    f"{at}.overrides.{variant}: expected a single value in a setting that holds nothing out "
                    f"to choose by, received {len(mixes)} candidates"
                )
            if "early_stopping" in mixes[0].regularizers:
                yield (
                    f"{at}.validation_size: expected at least 1 for {variant}, which stops on "
                    "validation data, received 0"
                )


def _of_size(params: Params, at: str, setting: Setting, tuning: int) -> Iterator[str]:
    if params.data.images is not None:
        yield from _of_pool(params, at, setting, setting.splits + tuning, params.data.images)
    if setting.batch_size > setting.train_size:
        yield (
            f"{at}.batch_size: expected at most train_size = {setting.train_size}, "
            f"received {setting.batch_size}"
        )


def _of_pool(params: Params, at: str, setting: Setting, sets: int, images: int) -> Iterator[str]:
    pool = images - (params.data.validation if setting.validation_size else 0)
    if sets * setting.train_size > pool:
        yield (
            f"{at}.train_size: expected {sets} training sets, tuning included, of at most {pool} images "
            f"together, received {sets} x {setting.train_size} = {sets * setting.train_size}"
        )
