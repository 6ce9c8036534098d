"""The parameters as they stand in a file, unchecked: one of another revision may have another schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.system.files import dotted

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
    return dotted(raw)
