"""`python -m pipeline ui`: the store in MLflow's own pages, for this machine alone."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from mlflow import MlflowClient

from pipeline.system.errors import UserError
from pipeline.tracking.study import server
from tests.servers import HOST, free_port, request, started, until_healthy

Study = tuple[MlflowClient, str]


def ui(port: int) -> list[str]:
    return [sys.executable, "-m", "pipeline", "ui", "--port", str(port)]


def test_the_ui_serves_the_store_on_the_loopback(study: Study, repository: Path) -> None:
    client, experiment = study
    client.create_run(experiment, run_name="seen")
    port = free_port()
    with started(ui(port), repository) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "empty: make repro records the study, python -m pipeline sync what DVC has\n"
        said = process.stdout.readline()
        (address,) = re.findall(r"https?://\S+", said)
        page, _, query = address.partition("?")
        assert page == f"http://{HOST}:{port}/#/experiments/{experiment}/runs"
        asked = {"workflowType": ["machine_learning"], "viewStateShareKey": ["variants-by-test-error"]}
        assert parse_qs(query) == asked
        assert until_healthy(process, port) == "OK"
        api = f"http://{HOST}:{port}/api/2.0/mlflow"
        found = json.loads(request(f"{api}/experiments/search", {"max_results": 10}))
        names = {entry["experiment_id"]: entry["name"] for entry in found["experiments"]}
        assert names[experiment] == "regularization-study"
        runs = json.loads(request(f"{api}/runs/search", {"experiment_ids": [experiment]}))
        assert [run["info"]["run_name"] for run in runs["runs"]] == ["seen"]
        assert "<html" in request(f"http://{HOST}:{port}/").lower()
        # Another of this machine's own addresses stands for every address but the one.
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection(("127.0.0.2", port), timeout=5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=5)


def test_a_taken_port_is_one_line(database: Path, repository: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            ui(port),
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    said = rf"error: port: expected a free port, received {port} \([^\n]+\); make ui PORT=(\d+)\n"
    found = re.fullmatch(said, ended.stderr)
    assert found, ended.stderr
    assert port < int(found[1]) < port + 100
    with socket.socket() as free:
        free.bind((HOST, int(found[1])))


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(UserError, match=f"^port: expected .*, received {port}"):
        server.serve(port)
