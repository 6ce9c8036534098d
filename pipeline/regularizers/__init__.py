"""Regularizers, one per file, found by module name."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil

from pipeline.regularizers.base import Regularizer

__all__ = ["Regularizer", "discover"]


@functools.cache
def discover() -> dict[str, type[Regularizer]]:
    """Return every regularizer by its module name, in alphabetical order.

    Raises TypeError when a module does not define exactly one regularizer.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: _only_regularizer(name) for name in names if name != "base"}


def _only_regularizer(name: str) -> type[Regularizer]:
    module = importlib.import_module(f"{__name__}.{name}")
    regularizers = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Regularizer) and member.__module__ == module.__name__
    ]
    if len(regularizers) != 1:
        received = len(regularizers)
        raise TypeError(f"{module.__name__}: expected one subclass of Regularizer, received {received}")
    return regularizers[0]
