"""The only reader of `params.yaml`: typed, frozen, strict, and checked as a whole."""

from pipeline.params.choices import AnyNetwork, Mix, RegularizerMix
from pipeline.params.flat import FILE, flattened
from pipeline.params.models import (
    BASELINE,
    OWN,
    PUBLISHED,
    TUNED_BASELINE,
    Optimizer,
    Params,
    Setting,
)
from pipeline.params.reading import check, check_images, load, parsed

__all__ = [
    "BASELINE",
    "FILE",
    "OWN",
    "PUBLISHED",
    "TUNED_BASELINE",
    "AnyNetwork",
    "Mix",
    "Optimizer",
    "Params",
    "RegularizerMix",
    "Setting",
    "check",
    "check_images",
    "flattened",
    "load",
    "parsed",
]
