"""What a training stage leaves on disk, and what earlier ones left that may be used again."""

from pipeline.records.files import (
    PLANS,
    RUNS,
    TIMING,
    Choice,
    FinishedCell,
    Record,
    Result,
    Row,
    cells,
    processors,
    read_logits,
    read_weights,
    timed,
    without_curves,
    write,
)
from pipeline.records.unfinished import KEPT, Epochs, keep, kept, release

__all__ = [
    "KEPT",
    "PLANS",
    "RUNS",
    "TIMING",
    "Choice",
    "Epochs",
    "FinishedCell",
    "Record",
    "Result",
    "Row",
    "cells",
    "keep",
    "kept",
    "processors",
    "read_logits",
    "read_weights",
    "release",
    "timed",
    "without_curves",
    "write",
]
