"""MLflow's own UI over the study's store, light and on the loopback only."""

from __future__ import annotations

import os
import socket
import sys
from urllib.parse import quote

from pipeline.system.errors import UserError
from pipeline.tracking import store

HOST = "127.0.0.1"
# The runs of a variant are one click away from their parent; listed with it they fill the page.
PARENTS = "tags.kind = 'variant'"


def serve(port: int) -> None:
    """Say where the runs are and serve the store until interrupted; a store with a server needs no other.

    Raises UserError for a taken port.
    """
    chosen = store.uri()
    if not store.is_database(chosen):
        print(f"runs: {_page(chosen)}", flush=True)
        return
    with socket.socket() as probe:
        # As the server does it: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"port: expected a free port, received {port} ({reason})") from error
    print(f"runs: {_page(f'http://{HOST}:{port}')}  (ready in a few seconds; Ctrl-C ends it)", flush=True)
    # One worker and no job runner start in 7 s with 0.4 GB, the defaults in 38 s with 1.7 GB.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    # Not an argument: everyone on the machine can read those.
    os.environ["MLFLOW_BACKEND_STORE_URI"] = chosen
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    os.execv(sys.executable, [*command, "--workers", "1"])


def _page(server: str) -> str:
    _, experiment = store.experiment()
    query = f"workflowType=machine_learning&searchFilter={quote(PARENTS)}"
    return f"{server.rstrip('/')}/#/experiments/{experiment}/runs?{query}"
