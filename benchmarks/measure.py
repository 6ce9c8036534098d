"""One benchmark's result, and how two things are measured against each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A ratio (or seconds, where `unit` says so) against its goal; `rounds` are the single measurements.

    `at_least` tells whether the goal is a floor or a ceiling; without a goal it is for information.
    """

    name: str
    rounds: list[float]
    goal: float | None
    unit: str
    at_least: bool
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def met(self) -> bool:
        """Tell whether the median meets the goal, if there is one."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of `work`."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def alternately(
    first: Callable[[], float], second: Callable[[], float], rounds: int
) -> tuple[list[float], list[float]]:
    """Take `rounds` measurements of each, in turn, so that a slow minute slows both."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]
