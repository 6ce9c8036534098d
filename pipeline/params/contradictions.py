"""What is valid by itself and impossible together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipeline.params.choices import Mix
from pipeline.params.models import BASELINE, PUBLISHED, PUBLISHED_SHAPE, TUNED_BASELINE, Params, Setting
from pipeline.regularizers import Regularizer
from pipeline.system.errors import unknown


def contradictions(params: Params) -> Iterator[str]:
    """Say what is valid by itself and impossible together.

    The questions are asked last, and only where all else is right: what is wrong with a setting would be
    said again for everything that is made from it.
    """
    faults = list(_of_held_out(params, params.settings.values(), PUBLISHED))
    faults = faults or list(_of_study(params)) or list(_of_names(params)) or list(_of_questions(params))
    faults = faults or list(misfits(params, dict.fromkeys(PUBLISHED, PUBLISHED_SHAPE)))
    yield from faults


def misfits(params: Params, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """Say which networks do not fit the images, whose shapes (height, width[, channels]) are by source."""
    trained = {f"{_place(params, name)}.network": setting for name, (setting, _) in params.draws().items()}
    for question, section in params.sections():
        trained |= {f"questions.{question}.{at}": s for at, s in section.trained(params).items()}
    for place, setting in trained.items():
        if setting.data in shapes:
            for fault in setting.network.network.faults(shapes[setting.data]):
                yield f"{place}.{setting.network.name}.{fault}"


def shortages(params: Params, images: Mapping[str, int]) -> Iterator[str]:
    """Say where more training images are asked for than a source has, of parameters at their `scale`.

    `images` has the number of training images by source.
    """
    draws = params.draws()
    held = list(_of_held_out(params, [setting for setting, _ in draws.values()], images))
    yield from held
    scaled = f", at scale {params.scale}" if params.scale > 1 else ""
    for name, (setting, trials) in draws.items() if not held else ():
        sets, pool = setting.splits + trials, images[setting.data]
        for fault in _of_pool(params, _place(params, name), setting, sets, pool):
            yield fault + scaled


def _place(params: Params, condition: str) -> str:
    """Return where in the file a condition stands."""
    for question, section in params.sections():
        if condition in section.drawn(params):
            return f"questions.{question}.conditions.{condition}"
    return f"settings.{condition}"


def _of_held_out(params: Params, settings: Iterable[Setting], images: Mapping[str, int]) -> Iterator[str]:
    held = params.data.validation
    for source in dict.fromkeys(setting.data for setting in settings if setting.validation_size):
        if held > images.get(source, held):
            yield (
                f"data.validation: expected at most {images[source]}, the training images of {source}, "
                f"received {held}"
            )


def _of_study(params: Params) -> Iterator[str]:
    if not dict(params.sections()):
        yield "questions: expected at least one question to ask, received none"
    for name in params.settings:
        yield from _of_setting(params, name)
    for name in (BASELINE, TUNED_BASELINE):
        if name in params.variants:
            yield f"variants.{name}: expected another name, for the study has a {name} of its own"
    lists = params.tuning.baseline
    if len(lists.epochs) != len(lists.learning_rate):
        yield (
            "tuning.baseline: expected as many epochs as learning rates, received "
            f"{len(lists.epochs)} and {len(lists.learning_rate)}"
        )
        return  # against neither can candidates be counted
    listed = {f"variants.{name}": mixes for name, mixes in params.variants.items()}
    for name, setting in params.settings.items():
        overrides = setting.overrides.items()
        listed |= {f"settings.{name}.overrides.{variant}": mixes for variant, mixes in overrides}
    for at, mixes in listed.items():
        yield from _of_candidates(at, mixes, len(lists.epochs))


def _of_names(params: Params) -> Iterator[str]:
    """Say which names the questions use that are not there."""
    for question, section in params.sections():
        for known, fields in ((params.settings, section.SETTINGS), (params.variants, section.VARIANTS)):
            for field in fields:
                for name in section.named(field):
                    if name not in known:
                        yield f"questions.{question}.{field}: {unknown(name, known)}"


def _of_questions(params: Params) -> Iterator[str]:
    for question, section in params.sections():
        for fault in section.faults(params):
            yield f"questions.{question}.{fault}"
        for name, (setting, trials) in section.drawn(params).items():
            yield from _of_size(params, f"questions.{question}.conditions.{name}", setting, trials)


def _of_candidates(at: str, mixes: tuple[Mix, ...], budget: int) -> Iterator[str]:
    if len(mixes) not in (1, budget):
        yield (
            f"{at}: expected one value, or {budget} candidates as the baseline has in tuning.baseline, "
            f"received {len(mixes)}"
        )
    for hook in Regularizer.EXCLUSIVE:
        names = [name for name, regularizer in mixes[0].regularizers.items() if regularizer.uses(hook)]
        if len(names) > 1:
            yield (f"{at}: expected at most one regularizer that sets {hook}, received {' and '.join(names)}")
    if len({mix.model_dump_json() for mix in mixes}) < len(mixes):
        yield f"{at}: expected candidates that differ"


def _of_setting(params: Params, name: str) -> Iterator[str]:
    setting, at = params.settings[name], f"settings.{name}"
    listed = params.variants if setting.variants == "all" else setting.variants
    strange = [variant for variant in listed if variant not in params.variants]
    for variant in strange:
        yield f"{at}.variants: {unknown(variant, params.variants)}"
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
    if not setting.crossed and setting.inits > 1:
        yield (
            f"{at}.inits: expected 1 where each training set has an initialisation of its own (crossed: "
            f"false), received {setting.inits}"
        )
    if not strange:
        yield from _of_methods(params, name)
    if not setting.validation_size and not strange:
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


def _of_methods(params: Params, name: str) -> Iterator[str]:
    """Say which methods need of the network what it does not offer."""
    network = params.settings[name].network
    for variant, mixes in params.candidates(name).items():
        for method, regularizer in mixes[0].regularizers.items():
            if missing := regularizer.needs() - network.network.OFFERS:
                yield (
                    f"settings.{name}.variants: expected methods for the network {network.name}, received "
                    f"{variant}, whose {method} needs {' and '.join(sorted(missing))}; list the variants "
                    "without it"
                )


def _of_size(params: Params, at: str, setting: Setting, tuning: int) -> Iterator[str]:
    if setting.distractors and "maps" in setting.network.network.OFFERS:
        yield (
            f"{at}.distractors: expected 0 for the network {setting.network.name}, to which neighbouring "
            f"pixels belong together, received {setting.distractors:g}"
        )
    if setting.images is not None:
        yield from _of_pool(params, at, setting, setting.splits + tuning, setting.images)
    if setting.batch_size > setting.train_size:
        yield (
            f"{at}.batch_size: expected at most train_size = {setting.train_size}, "
            f"received {setting.batch_size}"
        )


def _of_pool(params: Params, at: str, setting: Setting, sets: int, images: int) -> Iterator[str]:
    pool = params.pool(setting, images)
    if sets * setting.train_size > pool:
        yield (
            f"{at}.train_size: expected {sets} training sets, tuning included, of at most {pool} images "
            f"together, received {sets} x {setting.train_size} = {sets * setting.train_size}"
        )
