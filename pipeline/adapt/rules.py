"""From the sizes of the data to the text of `params.yaml`: settings, tuning, variants, questions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pipeline.adapt import blocks
from pipeline.adapt.sizes import Facts, Sizes
from pipeline.params import document
from pipeline.params.sections import Section
from pipeline.params.studied import Studied, batch_size

NOISE = 0.2  # where the file has no setting with wrong labels
LEAST_SIDE = 8  # pixels, of images for convolutions
DECADES = 4  # over which a strength is tuned
# Strengths that may be any positive number: their candidates are spread about the middle of those given.
SPREAD = {("l1", "strength"), ("l2", "strength"), ("weight_decay", "rate")}
# What a run of each setting costs is not the same: convolutions are trained for fewer epochs.
CONV_EPOCHS = 0.5


def adapted(text: str, facts: Facts, sizes: Sizes, sections: Mapping[str, type[Section]]) -> str:
    """Return the text of a `params.yaml` for these data; what is not concerned stays as it is.

    `sections` has what each question's section is, by its name.
    """
    # Without aliases: a block that is removed may be what another repeats.
    text, noisy, conv = _settings(document.dumped(document.parsed(text)), facts)
    content = document.parsed(text)
    sections = {name: sections[name] for name in content["questions"]}
    content["scale"] = 1
    content["data"]["validation"] = sizes.validation
    _tune(content["tuning"], sizes)
    for name, setting in content["settings"].items():
        _size(setting, facts, sizes, conv=name == conv)
        setting["label_noise"] = (setting["label_noise"] or NOISE) if name == noisy else 0.0
    _spread(content["variants"], len(content["tuning"]["baseline"]["epochs"]))
    known = [name for name in content["settings"] if name != conv]
    for name, section in sections.items():
        _ask(section, content["questions"][name], content, known, sizes)
    needed = _needed(content, sections)
    kept = _kept(content, needed, sizes)
    for name, setting in content["settings"].items():
        _choose(setting, [v for v in needed + kept if v in kept], sizes.level.most if name == conv else None)
    _flow(content)
    unused = [name for name in content["variants"] if name not in kept]
    return blocks.removed(document.dumped(content), "variants", unused)


def _settings(text: str, facts: Facts) -> tuple[str, str, str]:
    """Leave a setting with few images, one with wrong labels, and a convolutional one; return the text.

    Each is the first of its kind in the file, or a copy of the one with few images. Return the names of the
    latter two as well, "" for the convolutional one where the images are too small for it.
    """
    settings = document.parsed(text)["settings"]
    dense = [name for name, setting in settings.items() if "dense" in setting["network"]]
    clean = [name for name in dense or settings if not settings[name]["label_noise"]] or [*settings]
    # Of the settings that would do, those come first that hold images out, on several training sets.
    few = max(
        clean, key=lambda name: bool(settings[name]["validation_size"]) + (settings[name]["splits"] > 1)
    )
    noisy = next((name for name in dense if name != few and settings[name]["label_noise"]), "")
    others = [name for name in settings if name not in (few, noisy)]
    fits = min(facts.shape[:2]) >= LEAST_SIDE
    conv = next((name for name in others if fits and "conv" in settings[name]["network"]), "")
    text = blocks.removed(text, "settings", [name for name in others if name != conv])
    if not noisy:
        noisy = "noisy"
        text = blocks.copied(text, "settings", few, noisy, few, f"`{few}` with wrong training labels")
    if fits and not conv:
        conv = "conv"
        text = blocks.copied(text, "settings", few, conv, noisy, f"`{few}` with a convolutional network")
    return text, noisy, conv


def _put(section: Any, field: str, value: Any) -> None:
    """Set a field; a mapping is filled in place, which keeps how it is written."""
    if isinstance(value, Mapping):
        section[field].clear()
        section[field].update(value)
    else:
        section[field] = value


def _dense(facts: Facts) -> dict[str, Any]:
    """Return a fully connected network: narrower for images of few values."""
    return {"dense": {"hidden": [64 if math.prod(facts.shape) <= 256 else 128], "activation": "relu"}}


def _conv(facts: Facts) -> dict[str, Any]:
    """Return a convolutional network: for large images one convolution more, of fewer filters first."""
    filters = [4, 8, 16] if min(facts.shape[:2]) >= 32 else [8, 16]
    return {"conv": {"filters": filters, "kernel": 3, "dense": 64, "activation": "relu"}}


def _size(setting: Any, facts: Facts, sizes: Sizes, conv: bool) -> None:
    level = sizes.level
    changes = {
        "data": facts.source,
        "train_size": sizes.train_size,
        "validation_size": min(sizes.validation_size, sizes.train_size) if conv else sizes.validation_size,
        "network": _conv(facts) if conv else _dense(facts),
        "epochs": round(level.epochs * CONV_EPOCHS) if conv else level.epochs,
        "batch_size": batch_size(sizes.train_size),
        "splits": level.splits,
        "inits": 1,
        "crossed": False,
    }
    for field, value in changes.items():
        _put(setting, field, value)


def _tune(tuning: Any, sizes: Sizes) -> None:
    """Set the training sets to tune on, and scale the epochs to tune over to those of the settings."""
    tuning["splits"] = sizes.level.tuning
    epochs = tuning["baseline"]["epochs"]
    scale = sizes.level.epochs / max(epochs)
    epochs[:] = [max(round(count * scale), 1) for count in epochs]


def _spread(variants: Any, candidates: int) -> None:
    """Spread the candidates of every strength over DECADES, about the middle of those that are given."""
    if candidates == 1:
        return
    step = DECADES / (candidates - 1)
    for mixes in variants.values():
        for regularizer, fields in mixes.items():
            for field, values in fields.items():
                distinct = sorted({*values}) if isinstance(values, list) else []
                if (regularizer, field) in SPREAD and len(distinct) > 1:
                    middle = sum(map(math.log10, distinct)) / len(distinct)
                    first = middle - step * (len(distinct) - 1) / 2
                    values[:] = [float(f"{10 ** (first + step * distinct.index(v)):.1e}") for v in values]


def _ask(section: type[Section], asked: Any, content: Any, known: Sequence[str], sizes: Sizes) -> None:
    """Cut a question's section down to the `known` settings, the first of them where it names no other."""
    level = sizes.level
    for field in section.SETTINGS:
        names = asked[field]
        if isinstance(names, str):
            asked[field] = names if names in known else known[0]
        else:
            names[:] = [name for name in names if name in known] or known[:1]
    for field in section.VARIANTS:
        if not isinstance(asked[field], str):
            del asked[field][max(level.most, section.FEW) :]
    if "splits" in asked:
        asked["splits"] = max(min(asked["splits"], level.splits, level.most), 3)
    section.fit(asked, content, Studied(sizes.pool, sizes.train_size, level.most))


def _needed(content: Any, sections: Mapping[str, type[Section]]) -> list[str]:
    """Return the variants that questions name, those first that most of them do."""
    named: Counter[str] = Counter()
    for name, section in sections.items():
        for field in section.VARIANTS:
            names = content["questions"][name][field]
            named.update([names] if isinstance(names, str) else names)
    return [name for name, _ in named.most_common()]


def _kept(content: Any, needed: Sequence[str], sizes: Sizes) -> list[str]:
    """Return the variants of the study, as the file has them in order: those needed, and the first others."""
    settings, variants = content["settings"].values(), content["variants"]
    taken = {name for s in settings for name in (variants if s["variants"] == "all" else s["variants"])}
    spare = [name for name in variants if name in taken and name not in needed]
    spare = spare[: max(sizes.level.variants - len(needed), 0)]
    return [name for name in variants if name in needed or name in spare]


def _choose(setting: Any, kept: Sequence[str], most: int | None) -> None:
    """Leave the variants of a setting that are kept, no more than `most`, and what it overrides of them."""
    listed = list(kept) if setting["variants"] == "all" else [v for v in setting["variants"] if v in kept]
    listed = list(dict.fromkeys(listed))
    if isinstance(setting["variants"], list):
        setting["variants"][:] = listed[:most]
    elif most is not None and most < len(listed):
        setting["variants"] = listed[:most]
    for name in [name for name in setting["overrides"] if name not in listed[:most]]:
        del setting["overrides"][name]


def _flow(node: Any) -> Any:
    """Return a node with all that was put into it, plain lists and mappings, written in one line each."""
    if type(node) in (dict, list):
        node = CommentedMap(node) if isinstance(node, dict) else CommentedSeq(node)
        node.fa.set_flow_style()
    for key, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        node[key] = _flow(value)
    return node
