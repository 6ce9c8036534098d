"""The only importer of MLflow: what ran, as runs to browse. Nothing computed reads it back."""

from pipeline.tracking.recorder import Recorder
from pipeline.tracking.store import experiment

__all__ = ["Recorder", "experiment"]
