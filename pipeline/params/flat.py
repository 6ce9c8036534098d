"""The parameters as they stand in a file, unchecked: one of another revision may have another schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = "params.yaml"


def flattened(text: str) -> dict[str, Any]:
    """Return the values of a `params.yaml` by their dotted paths; a list is one value.

    Raises ValueError where the text is no mapping of sections.
    """
    try:
        raw = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not isinstance(raw, Mapping):
        raise ValueError(f"expected a mapping of sections, received {raw!r}")
    return dict(_leaves(raw, ()))


def _leaves(section: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        place = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, place)
        else:
            yield ".".join(place), value
