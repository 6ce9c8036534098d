"""MLflow's own UI over the study's store, light and on the loopback only."""

from __future__ import annotations

import os
import socket
import sys

from pipeline.errors import UserError
from pipeline.tracking import store

HOST = "127.0.0.1"


def serve(port: int) -> None:
    """Say where the runs are and serve the store until interrupted. Raises UserError for a taken port."""
    with socket.socket() as probe:
        # As the server does it: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"port: expected a free port, received {port} ({reason})") from error
    _, experiment = store.experiment()
    page = f"#/experiments/{experiment}/runs?workflowType=machine_learning"
    print(f"runs: http://{HOST}:{port}/{page}  (ready in a few seconds; Ctrl-C ends it)", flush=True)
    # One worker and no job runner start in 7 s with 0.4 GB, the defaults in 38 s with 1.7 GB.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.uri()]
    os.execv(sys.executable, [*command, "--host", HOST, "--port", str(port), "--workers", "1"])
