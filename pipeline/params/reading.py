"""From the file to checked parameters, or to a line for every fault."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from pipeline.params.contradictions import contradictions, misfits, shortages
from pipeline.params.models import Params
from pipeline.params.scale import enlarged
from pipeline.params.sections import Section, Strict
from pipeline.system import untrusted
from pipeline.system.errors import UserError, expectation, meant
from pipeline.system.untrusted import printable

Sections = Mapping[str, type[Section]]  # what each question's section must be, by its name


def load(path: Path, sections: Sections) -> Params:
    """Read and check `path`. Raises UserError with a line for every fault, all at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: expected a readable file, received {error}") from error
    return parsed(text, sections, path.name)


def parsed(text: str, sections: Sections, source: str = "params.yaml") -> Params:
    """Parse and check a text. Raises UserError with a line for every fault, all at once."""
    try:
        raw = untrusted.yaml(text)
    except ValueError as error:
        raise UserError(f"{source}: expected YAML, received {error}") from error
    if not isinstance(raw, Mapping):
        raise UserError(f"{source}: expected a mapping of sections, received {raw!r}")
    return check(raw, sections, source)


def check(raw: Mapping[str, Any], sections: Sections, source: str = "params.yaml") -> Params:
    """Check the whole of an already parsed file, and apply its `scale`.

    Raises UserError with a line for every fault.
    """
    # A question without a section is not asked; a section without a value is a fault.
    fields: dict[str, Any] = {name: (kind, None) for name, kind in sections.items()}
    questions: Any = create_model("Questions", __base__=Strict, **fields)
    whole: type[Params] = create_model("Params", __base__=Params, questions=(questions, ...))
    try:
        params = whole.model_validate(raw)
    except ValidationError as error:
        faults = list(dict.fromkeys(_line(whole, fault) for fault in error.errors()))
    else:
        faults = list(contradictions(params))
        if not faults:
            return enlarged(params)
    raise UserError("\n".join(printable(f"{source}: {fault}") for fault in faults))


def check_images(params: Params, shapes: Mapping[str, tuple[int, ...]], source: str = "params.yaml") -> None:
    """Check that the training images of every source are enough, and fit the networks.

    `shapes` has (N, height, width[, channels]) by source, known once they are read.

    Raises UserError with a line for every fault.
    """
    counts = {source: shape[0] for source, shape in shapes.items()}
    faults = [*shortages(params, counts)]
    faults += misfits(params, {source: shape[1:] for source, shape in shapes.items()})
    if faults:
        raise UserError("\n".join(f"{source}: {fault}" for fault in faults))


def _line(whole: type[Params], fault: Mapping[str, Any]) -> str:
    """Say one fault as `path: expected ..., received ...`."""
    # The tail names the arms of a union or the key of a mapping, which is not the user's wording.
    # A number counts candidates; the value itself tells which.
    named = [str(step) for step in fault["loc"] if not isinstance(step, int)]
    steps = [step for step in named if not step.startswith(("literal[", "list["))]
    path = ".".join(step for step in steps if step != "[key]")
    if fault["type"] == "missing":
        return f"{path}: expected a value, received nothing"
    if fault["type"] == "extra_forbidden":
        keys = _keys(whole, steps[:-1])
        return f"{path}: unknown key, expected one of {', '.join(keys) or 'none'}{meant(steps[-1], keys)}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{path}: expected a name of a-z, 0-9 and _, received {fault['input']!r}"
    return f"{path}: {expectation(fault)}"


def _keys(annotation: Any, steps: Sequence[str]) -> list[str]:
    """Return the valid keys of the section at `steps` below an annotation; none where no section is."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not steps:
            return list(annotation.model_fields)
        return _keys(annotation.model_fields[steps[0]].annotation, steps[1:])
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return _keys(arguments[1], steps[1:])
    return next(filter(None, (_keys(argument, steps) for argument in arguments)), [])
