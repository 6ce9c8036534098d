"""A `params.yaml` to be edited: its comments stay, and what an alias repeats is a value of its own."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer


class _Unshared(Composer):
    def return_alias(self, node: Any) -> Any:
        repeated = copy.deepcopy(node)
        repeated.anchor = None
        return repeated


def read(path: Path) -> Any:
    """Read a file for editing."""
    return parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> Any:
    """Return the content of a text for editing; a change at one place changes no other."""
    return _yaml().load(text)


def dumped(content: Any) -> str:
    """Return the text of what was parsed and edited."""
    stream = io.StringIO()
    _yaml().dump(content, stream)
    return stream.getvalue()


def write(path: Path, content: Any) -> None:
    """Write what was read and edited."""
    path.write_text(dumped(content), encoding="utf-8")


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Composer = _Unshared
    yaml.width = 4096  # a line stays a line
    return yaml
