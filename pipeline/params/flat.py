"""The parameters as they stand in a file, unchecked: one of another revision may have another schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.system import untrusted
from pipeline.system.files import dotted

FILE = "params.yaml"


def flattened(text: str) -> dict[str, Any]:
    """Return the values of a `params.yaml` by their dotted paths; a list is one value.

    Raises ValueError where the text is no mapping of sections.
    """
    raw = untrusted.yaml(text)
    if not isinstance(raw, Mapping):
        raise ValueError(f"expected a mapping of sections, received {raw!r}")
    try:
        return dotted(raw)
    except RecursionError as error:
        raise ValueError("expected sections, received a mapping that holds itself") from error
