"""The only importer of MLflow: what ran, as runs to browse. Nothing computed reads it back."""

import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported: it asks the network

from pipeline.tracking.recorder import Recorder
from pipeline.tracking.store import experiment

__all__ = ["Recorder", "experiment"]
