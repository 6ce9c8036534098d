"""Regularizers, one per file, found by module name."""

from __future__ import annotations

import functools
import sys

from pipeline.regularizers.base import Regularizer
from pipeline.system import discovery

__all__ = ["Regularizer", "discover"]


@functools.cache
def discover() -> dict[str, type[Regularizer]]:
    """Return every regularizer by its module name, in alphabetical order.

    Raises TypeError when a module does not define exactly one regularizer.
    """
    return discovery.classes(sys.modules[__name__], Regularizer, but=("base",))
