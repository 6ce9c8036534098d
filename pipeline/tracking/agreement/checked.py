"""Plain data that is checked when it is made: a fault is a line that says whose it is and what is right."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs, PydanticCustomError

from pipeline.system.errors import UserError, expectation
from pipeline.system.untrusted import printable

CONFIG = ConfigDict(arbitrary_types_allowed=True, extra="forbid")
SAID = {
    "missing": "expected a value, received none",
    "unexpected_keyword_argument": "expected one of the fields, received another",
    "unexpected_positional_argument": "expected no more fields, received another",
}
LINE = 300  # characters of a fault that are said


@dataclass(frozen=True, config=CONFIG)
class Checked:
    """What raises UserError, with a line for every fault, instead of pydantic's error."""

    @model_validator(mode="wrap")
    @classmethod
    def _lines(cls, given: Any, validate: Any) -> Any:
        if not isinstance(given, ArgsKwargs):  # a part of another, which says the line
            return validate(given)
        try:
            return validate(given)
        except ValidationError as error:
            fields = list(cls.__dataclass_fields__)
            values = dict(zip(fields, given.args, strict=False)) | (given.kwargs or {})
            whose = f"{cls.__name__} {values['name']!r}" if "name" in values else cls.__name__
            by_place: dict[int | str, int | str] = dict(enumerate(fields))
            lines = []
            for fault in error.errors():
                first, *rest = fault["loc"]
                # A value that is given by its place goes by its name too.
                where = [by_place.get(first, first), *rest]
                place = ".".join(str(step) for step in where if step != "[key]")
                line = f"{whose}: {place}: {SAID.get(fault['type']) or expectation(fault)}"
                lines.append(printable(line)[:LINE])
            raise UserError("\n".join(lines)) from None


def _must(hold: Callable[[Any], object], expected: str) -> AfterValidator:
    def check(value: Any) -> Any:
        if not hold(value):
            raise PydanticCustomError("value", expected)
        return value

    return AfterValidator(check)


def _at_most(characters: int) -> AfterValidator:
    return _must(lambda text: len(text) <= characters, f"at most {characters} characters")


def _without(characters: str) -> AfterValidator:
    return _must(lambda name: name and not set(characters) & set(name), f"a name without {characters}")


def _storable(value: float) -> float:
    """Return what a database gives back: it keeps NaN, and has no infinity."""
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value


def _listed(values: Any) -> list[Any]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise PydanticCustomError("curve", "a sequence of numbers, one an epoch")
    return list(values)


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not PurePosixPath(path).is_absolute()


# What MLflow takes, so that nothing of it is found out in the middle of a sync.
Text = Annotated[str, _must(bool, "a text that is not empty")]
Number = Annotated[float, AfterValidator(_storable)]
Curve = Annotated[list[Number], BeforeValidator(_listed)]
Parameter = Annotated[str, _at_most(6000)]
Digest = Annotated[str, _at_most(36)]
ArtifactPath = Annotated[str, _must(_is_inside, "a relative path without ..")]
ModelName = Annotated[str, _without("/:.%\"'")]
RegisteredName = Annotated[str, _without("/:'")]
Alias = Annotated[
    str,
    _must(re.compile(r"(?!latest$|v\d+$)[\w-]+").fullmatch, "letters, digits, _ or -, not latest, not v1"),
]
ExperimentName = Annotated[Text, _at_most(500)]
