"""The parameters as they stand in a file, unchecked: one of another revision may have another schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.system import untrusted

FILE = "params.yaml"


def flattened(text: str) -> dict[str, Any]:
    """Return the values of a `params.yaml` by their dotted paths; a list is one value.

    Raises ValueError where the text is no mapping of sections.
    """
    raw = untrusted.yaml(text)
    if not isinstance(raw, Mapping):
        raise ValueError(f"expected a mapping of sections, received {raw!r}")
    try:
        return dict(_leaves(raw, ()))
    except RecursionError as error:
        raise ValueError("expected sections, received a mapping that holds itself") from error


def _leaves(section: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        place = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, place)
        else:
            yield ".".join(place), value
