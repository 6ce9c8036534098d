"""`python -m pipeline ui`: the store in MLflow's own pages, for this machine alone."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from pipeline.errors import UserError
from pipeline.tracking import server

Study = tuple[MlflowClient, str]
HOST = "127.0.0.1"
PATIENCE = 90.0  # seconds; it takes about ten


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def request(url: str, content: dict[str, Any] | None = None) -> str:
    """What the server answers: to a GET, or to a POST of the content."""
    asked = urllib.request.Request(
        url,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.read().decode())


@contextmanager
def started(port: int, cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command, in a session of its own, whose processes are all ended with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "ui", "--port", str(port)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until_healthy(process: "subprocess.Popen[str]", port: int) -> str:
    """Ask until the server answers; fails when it ends, or when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it answered"
        try:
            return request(f"http://{HOST}:{port}/health")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"no answer within {PATIENCE} s")


def test_the_ui_serves_the_store_on_the_loopback(study: Study, repository: Path) -> None:
    client, experiment = study
    client.create_run(experiment, run_name="seen")
    port = free_port()
    with started(port, repository) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = f"http://{HOST}:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning"
        assert re.findall(r"https?://\S+", said) == [address]
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
            [sys.executable, "-m", "pipeline", "ui", "--port", str(port)],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert re.fullmatch(rf"error: port: expected a free port, received {port} \([^\n]+\)\n", ended.stderr)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(UserError, match=f"^port: expected .*, received {port}"):
        server.serve(port)
