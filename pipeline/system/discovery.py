"""Classes that are found by the files they stand in: one a file, by the name of the module."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Collection
from types import ModuleType
from typing import TypeVar

Kind = TypeVar("Kind")


def classes(package: ModuleType, base: type[Kind], but: Collection[str]) -> dict[str, type[Kind]]:
    """Return the subclass of `base` in every module of a package, by its name, in alphabetical order.

    `but` names the modules that define none. Raises TypeError when another does not define exactly one.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: _only(f"{package.__name__}.{name}", base) for name in names if name not in but}


def _only(name: str, base: type[Kind]) -> type[Kind]:
    module = importlib.import_module(name)
    defined = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base) and member.__module__ == name
    ]
    if len(defined) != 1:
        raise TypeError(f"{name}: expected one subclass of {base.__name__}, received {len(defined)}")
    return defined[0]
