"""From the file to checked parameters, or to a line for every fault."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import UserError, expectation
from pipeline.params.contradictions import contradictions, shortages
from pipeline.params.models import BaselineCandidates, Data, Optimizer, Params, Setting, Tuning
from pipeline.params.probes import Changes, LearningRates, Map, Network, Probes, Shift, StrengthPaths
from pipeline.params.scale import enlarged
from pipeline.regularizers import discover


def load(path: Path) -> Params:
    """Read and check `path`. Raises UserError with a line for every fault, all at once."""
    try:
        raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: expected a readable file, received {error}") from error
    except YAMLError as error:
        place = " ".join(str(error).split())
        raise UserError(f"{path.name}: expected YAML, received {place}") from error
    if not isinstance(raw, Mapping):
        raise UserError(f"{path.name}: expected a mapping of sections, received {raw!r}")
    return check(raw, path.name)


def check(raw: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """Check the whole of an already parsed file, and apply its `scale`.

    Raises UserError with a line for every fault.
    """
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        faults = list(dict.fromkeys(_line(fault) for fault in error.errors()))
    else:
        faults = list(contradictions(params))
        if not faults:
            return enlarged(params)
    raise UserError("\n".join(f"{source}: {fault}" for fault in faults))


def check_images(params: Params, images: int, source: str = "params.yaml") -> None:
    """Check that nothing asks for more than these training images, whose number is known once they are read.

    Raises UserError with a line for every fault.
    """
    faults = list(shortages(params, images))
    if faults:
        raise UserError("\n".join(f"{source}: {fault}" for fault in faults))


def _line(fault: Mapping[str, Any]) -> str:
    """Say one fault as `path: expected ..., received ...`."""
    # The tail names the arms of a union or the key of a mapping, which is not the user's wording.
    # A number counts candidates; the value itself tells which.
    named = [str(step) for step in fault["loc"] if not isinstance(step, int)]
    steps = [step for step in named if not step.startswith(("literal[", "list["))]
    path = ".".join(step for step in steps if step != "[key]")
    if fault["type"] == "missing":
        return f"{path}: expected a value, received nothing"
    if fault["type"] == "extra_forbidden":
        parent = _section(steps[:-1])
        return f"{path}: unknown key, expected one of {', '.join(parent)}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{path}: expected a name of a-z, 0-9 and _, received {fault['input']!r}"
    return f"{path}: {expectation(fault)}"


def _section(steps: list[str]) -> list[str]:
    """Return the valid keys of the section at `steps`."""
    match steps:
        case []:
            return list(Params.model_fields)
        case ["data"]:
            return list(Data.model_fields)
        case ["tuning"]:
            return list(Tuning.model_fields)
        case ["tuning", "baseline"]:
            return list(BaselineCandidates.model_fields)
        case ["probes"]:
            return list(Probes.model_fields)
        case ["probes", "strength_paths"]:
            return list(StrengthPaths.model_fields)
        case ["probes", "learning_rates"]:
            return list(LearningRates.model_fields)
        case ["probes", "learning_rates", "shift"]:
            return list(Shift.model_fields)
        case ["probes", "learning_rates", "networks", _]:
            return list(Network.model_fields)
        case ["probes", "map"]:
            return list(Map.model_fields)
        case ["probes", "map", "cells", _]:
            return list(Changes.model_fields)
        case ["settings", _]:
            return list(Setting.model_fields)
        case ["settings", _, "optimizer"]:
            return list(Optimizer.model_fields)
        case [*_, regularizer] if regularizer in discover() and len(steps) in (3, 5):
            return list(discover()[regularizer].model_fields)
        case _:
            return list(discover())
