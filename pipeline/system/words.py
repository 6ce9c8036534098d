"""Numbers and names as the sentences of the report have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def interval(row: Any, digits: int, sign: str = "") -> str:
    """Return the estimate of a row with its limits, as `0.42 [0.31, 0.53]`."""
    estimate, low, high = (f"{value:{sign}z.{digits}f}" for value in (row.estimate, row.low, row.high))
    return f"{estimate} [{low}, {high}]"


def fall(row: Any, digits: int = 2) -> str:
    """Return by how much a difference lies below zero, with its limits."""
    return f"{-row.estimate:z.{digits}f} [{-row.high:z.{digits}f}, {-row.low:z.{digits}f}]"


def listed(items: Iterable[str], joint: str = "and") -> str:
    """Return `a, b and c`; nothing of none."""
    *before, last = [*items] or [""]
    return f"{', '.join(before)} {joint} {last}" if before else last


def coded(names: Iterable[str], joint: str = "and") -> str:
    """Return names as code, listed."""
    return listed((f"`{name}`" for name in names), joint)


def of(some: int, count: int) -> str:
    """Return `3 of 12`, or `none of 12`."""
    return f"{some or 'none'} of {count}"


def counted(count: int, noun: str) -> str:
    """Return `1 epoch`, or `2 epochs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def capital(text: str) -> str:
    """Return a sentence with its first letter large."""
    return text[:1].upper() + text[1:]
