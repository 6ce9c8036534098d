"""The only importer of MLflow: what ran, as runs to browse. Nothing computed reads it back."""

import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before mlflow is imported: it asks the network
# A server that is away is asked again for some seconds, not for minutes: the training goes on without it.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

# Otherwise every file that is logged draws a bar.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from pipeline.system.lean import lean

with lean():
    from pipeline.tracking.agreement import UNREACHABLE
    from pipeline.tracking.study.commands import publish_networks, publish_reports, sync, verify
    from pipeline.tracking.study.experiment import experiment
    from pipeline.tracking.study.recorder import Recorder

__all__ = ["UNREACHABLE", "Recorder", "experiment", "publish_networks", "publish_reports", "sync", "verify"]
