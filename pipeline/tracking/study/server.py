"""MLflow's own UI over the study's store, light and on the loopback only."""

from __future__ import annotations

import os
import socket
import sys

from pipeline.system.errors import UserError
from pipeline.tracking.agreement import store
from pipeline.tracking.study import entries, experiment, view

HOST = "127.0.0.1"
NEXT = 100  # ports that are tried for a proposal


def serve(port: int) -> None:
    """Say where the runs are and serve the store until interrupted; a store with a server needs no other.

    Raises UserError for a taken port.
    """
    chosen = store.uri()
    if not store.is_database(chosen):
        print(_lines(chosen), flush=True)
        return
    if reason := _taken(port):
        free = next((p for p in range(port + 1, port + NEXT) if 0 < p < 65536 and not _taken(p)), None)
        proposal = f"; make ui PORT={free}" if free else ""
        raise UserError(f"port: expected a free port, received {port} ({reason}){proposal}")
    print(f"{_lines(f'http://{HOST}:{port}')}  (ready in a few seconds; Ctrl-C ends it)", flush=True)
    # One worker and no job runner start in 7 s with 0.4 GB, the defaults in 38 s with 1.7 GB.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    # Not an argument: everyone on the machine can read those.
    os.environ["MLFLOW_BACKEND_STORE_URI"] = chosen
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    os.execv(sys.executable, [*command, "--workers", "1"])


def _taken(port: int) -> str:
    """Return why a port cannot be had; "" where it can."""
    with socket.socket() as probe:
        # As the server does it: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            return str(getattr(error, "strerror", None) or error)
    return ""


def _lines(server: str) -> str:
    client, identity = experiment.experiment()
    store.describe(client, identity, experiment.described())
    variants = client.search_runs([identity], f"tags.{entries.KIND} = 'variant'", max_results=1)
    empty = "" if variants else "empty: make repro records the study, python -m pipeline sync what DVC has\n"
    return f"{empty}runs: {view.page(server, identity)}"
