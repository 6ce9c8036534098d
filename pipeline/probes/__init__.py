"""One probe a file, found by its module name: what is measured beside the study's own comparison.

A probe module has `measure(study) -> {table name: tidy table}` and `metrics(tables) -> {name: number}`; its
figure is drawn by the module of the same name in `pipeline.reporting.probes`.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from pipeline.probes.study import Study

__all__ = ["Study", "discover", "load"]


def discover() -> list[str]:
    """Return the names of the probes, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "study")


def load(name: str) -> ModuleType:
    """Return a probe's module."""
    return importlib.import_module(f"{__name__}.{name}")
