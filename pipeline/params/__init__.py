"""The only reader of `params.yaml`: typed, frozen, strict, and checked as a whole."""

from pipeline.params.flat import FILE, flattened
from pipeline.params.models import (
    BASELINE,
    POOL,
    TUNED_BASELINE,
    Mix,
    Optimizer,
    Params,
    RegularizerMix,
    Setting,
)
from pipeline.params.probes import TRAINED
from pipeline.params.reading import check, load

__all__ = [
    "BASELINE",
    "FILE",
    "POOL",
    "TRAINED",
    "TUNED_BASELINE",
    "Mix",
    "Optimizer",
    "Params",
    "RegularizerMix",
    "Setting",
    "check",
    "flattened",
    "load",
]
