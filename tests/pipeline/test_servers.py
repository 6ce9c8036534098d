"""Another store than the file: a real server on the loopback, a real PostgreSQL, and their passwords."""

import base64
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import quote

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests import gate, postgres
from tests.pipeline.clone import VARIANTS, Clone
from tests.processes import LIMIT, command_line, tree, until
from tests.servers import HOST, free_port, started, until_healthy

USER, PASSWORD, TOKEN = "me", "pa/ss@wo:rd", "a-token-of-its-own"
BASIC = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
NAME = "regularization-study"
REFUSED = "error: MLFLOW_TRACKING_URI: expected a store that answers and lets us in, received "


@dataclass(frozen=True)
class Server:
    """A tracking server that lets everyone in, and the folder of all that it keeps."""

    address: str
    folder: Path


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of a PostgreSQL of our own."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's initdb (Debian: postgresql)")
    with postgres.running(programs) as address:
        yield address


@contextmanager
def serving(folder: Path, backend: str, environment: dict[str, str], port: int) -> Iterator["Popen[str]"]:
    """`mlflow server`, as light as `make ui`'s."""
    own = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    own |= {"MLFLOW_BACKEND_STORE_URI": backend, "PGPASSWORD": postgres.PASSWORD}
    # What it says goes to the log: a pipe that nobody reads fills, and the server waits for ever.
    command = ["sh", "-c", 'exec "$@" >&2', "sh", sys.executable, "-m", "mlflow", "server"]
    command += ["--host", HOST, "--port", str(port)]
    with started([*command, "--workers", "1"], folder, environment | own, folder / "log") as process:
        until_healthy(process, port)
        yield process


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Server]:
    """A server over either database."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    backend = f"sqlite:///{folder}/runs.db"
    if request.param == "postgresql":
        backend = request.getfixturevalue("database")
    with serving(folder, backend, environment, port):
        yield Server(f"http://{HOST}:{port}", folder)


def with_password(address: str, user: str, password: str) -> str:
    scheme, _, place = address.partition("://")
    return f"{scheme}://{user}:{quote(password, safe='')}@{place.rpartition('@')[2]}"


def assert_kept_nowhere(secret: str, *folders: Path) -> None:
    """The secret stands in no file below the folders but the tests', as it is or as an address spells it."""
    spelled = {secret.encode(), quote(secret, safe="").encode(), BASIC.split()[1].encode()}
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = b"" if "tests" in path.parts else path.read_bytes()
        assert not any(spelling in content for spelling in spelled), path


def recorded(client: MlflowClient, runs: list[Run]) -> dict[str, Any]:
    """What a store says of runs, by their keys: parameters, final values, every point of every curve."""
    return {
        run.data.tags["run_key"]: (
            run.info.status,
            run.info.run_name,
            run.data.params,
            {
                name: [
                    (point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)
                ]
                for name in run.data.metrics
            },
        )
        for run in runs
    }


def test_a_stage_records_on_a_server_what_it_records_in_the_file(
    server: Server, toy_clone: Clone, clone: Clone
) -> None:
    expected = [run for run in toy_clone.logged("run") if run.data.tags["variant"] == "l2"]
    before = (clone.root / "mlflow.db").read_bytes()
    with gate.before(server.address, BASIC) as door:
        address = with_password(door, USER, PASSWORD)
        ended = clone.python("pipeline.stages.train", "l2", MLFLOW_TRACKING_URI=address).succeeded()
    assert PASSWORD not in ended.output + ended.errors
    assert quote(PASSWORD, safe="") not in ended.output + ended.errors
    assert_kept_nowhere(PASSWORD, clone.root, server.folder)
    assert (clone.root / "mlflow.db").read_bytes() == before
    there = MlflowClient(tracking_uri=server.address)
    found = there.get_experiment_by_name(NAME)
    assert found is not None
    runs = list(there.search_runs([found.experiment_id], "tags.kind = 'run'"))
    here = MlflowClient(tracking_uri=f"sqlite:///{toy_clone.root}/mlflow.db")
    planned = {run.data.tags["run_key"] for run in runs}
    assert planned
    assert recorded(there, runs) == recorded(here, [r for r in expected if r.data.tags["run_key"] in planned])


def test_a_whole_study_goes_to_a_server_and_agrees(server: Server, clone: Clone) -> None:
    """As on a machine that never trained, after `dvc pull`: from what DVC keeps alone."""
    there = {"MLFLOW_TRACKING_URI": server.address}
    assert clone.python("pipeline", "verify", **there).code == 1
    clone.python("pipeline", "sync", **there).succeeded()
    said = clone.python("pipeline", "verify", **there).succeeded().output
    assert re.fullmatch(r"DVC and MLflow agree on \d+ Keras runs\n", said)
    champion = MlflowClient(tracking_uri=server.address).get_model_version_by_alias(
        f"{NAME}-small", "champion"
    )
    assert champion.tags["variant"] in ("baseline", "tuned_baseline", *VARIANTS)
    # The server keeps the artifacts as well, and hands them out.
    assert any((server.folder / "mlartifacts").rglob("*.keras"))


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_server_that_goes_away_costs_one_warning_and_nothing_else(
    server: Server, clone: Clone, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "stage.log"
    backend = f"sqlite:///{tmp_path}/runs.db"
    address = f"http://{HOST}:{port}"
    clone.edit({"variants.l2.l2.strength": 0.03})
    environment = {**clone.environment, "MLFLOW_TRACKING_URI": address}
    there = MlflowClient(tracking_uri=address)

    def begun() -> bool:
        found = there.get_experiment_by_name(NAME)
        return bool(found and there.search_runs([found.experiment_id], "attributes.status = 'RUNNING'"))

    with serving(tmp_path, backend, dict(clone.environment), port) as process:
        with log.open("w", encoding="utf-8") as file:
            command = [sys.executable, "-m", "dvc", "repro", "variant@l2"]
            stage = Popen(command, cwd=clone.root, env=environment, stdout=file, stderr=file, text=True)
        with stage:
            until(lambda: begun() or stage.poll() is not None, "parents of the stage")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = stage.wait(timeout=LIMIT)
        assert code == 0, log.read_text(encoding="utf-8")
    said = log.read_text(encoding="utf-8")
    warnings = [line for line in said.splitlines() if line.startswith("warning:")]
    (of_store,) = [line for line in warnings if not line.startswith("warning: power:")]  # which `plan` says
    assert "nothing is lost: python -m pipeline sync records it later" in of_store
    with serving(tmp_path, backend, dict(clone.environment), port):
        clone.python("pipeline", "sync", MLFLOW_TRACKING_URI=address).succeeded()
        clone.python("pipeline", "verify", MLFLOW_TRACKING_URI=address).succeeded()
        assert begun() is False


def ui(clone: Clone, address: str, **variables: str) -> Any:
    """The lightest command that asks the store something."""
    return clone.python(
        "pipeline", "ui", MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", **variables
    )


def test_the_ui_of_a_server_is_the_servers_own(server: Server, toy_clone: Clone) -> None:
    ended = ui(toy_clone, server.address).succeeded()
    page = rf"runs: {re.escape(server.address)}/#/experiments/\d+/runs\?workflowType=machine_learning\S*\n"
    assert re.fullmatch(page, ended.output)


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("authorization", "variables"),
    [
        (BASIC, {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}),
        (f"Bearer {TOKEN}", {"MLFLOW_TRACKING_TOKEN": TOKEN}),
    ],
    ids=["password", "token"],
)
def test_mlflows_own_variables_let_in(
    server: Server, toy_clone: Clone, authorization: str, variables: dict[str, str]
) -> None:
    with gate.before(server.address, authorization) as door:
        ended = ui(toy_clone, door, **variables).succeeded()
        assert ended.output.startswith(f"runs: {door}/#/experiments/")
        wrong = dict.fromkeys(variables, "wrong")
        refused = ui(toy_clone, door, **wrong)
    assert refused.code == 1
    assert refused.output == ""
    assert re.fullmatch(rf"{REFUSED}{door} \(UNAUTHENTICATED: [^\n]*\)\n", refused.errors)


def test_a_server_that_is_away_is_one_line_without_the_password(toy_clone: Clone) -> None:
    address = f"http://{HOST}:{free_port()}"
    ended = ui(toy_clone, with_password(address, USER, PASSWORD))
    assert ended.code == 1
    assert ended.errors.startswith(f"{REFUSED}{address} (")
    assert ended.errors.count("\n") == 1
    assert PASSWORD not in ended.errors
    assert quote(PASSWORD, safe="") not in ended.errors


def test_postgres_is_served_like_the_file_and_its_password_is_seen_nowhere(
    database: str, clone: Clone
) -> None:
    port = free_port()
    address = with_password(database, postgres.USER, postgres.PASSWORD)
    command = (sys.executable, "-m", "pipeline", "ui", "--port", str(port))
    log = clone.root / "ui.log"
    environment = {**clone.environment, "MLFLOW_TRACKING_URI": address}
    with started(command, clone.root, environment, log) as process:
        assert process.stdout is not None
        assert re.match(rf"runs: http://{HOST}:{port}/#/experiments/\d+/runs\?", process.stdout.readline())
        until_healthy(process, port)
        shown = " ".join(map(command_line, tree(process.pid)))
        assert "mlflow" in shown
        assert postgres.PASSWORD not in shown
        assert quote(postgres.PASSWORD, safe="") not in shown
        there = MlflowClient(tracking_uri=f"http://{HOST}:{port}")
        found = there.get_experiment_by_name(NAME)
        assert found is not None
    assert_kept_nowhere(postgres.PASSWORD, clone.root)


def test_a_wrong_password_of_the_database_is_one_line(database: str, toy_clone: Clone) -> None:
    ended = ui(toy_clone, with_password(database, postgres.USER, "wrong"))
    assert ended.code == 1
    assert "Traceback" not in ended.errors
    assert "wrong" not in ended.errors
    assert "retried" not in ended.errors
    assert [line for line in ended.errors.splitlines() if line.startswith("error: ")] == [
        ended.errors.splitlines()[-1]
    ]
    assert os.linesep not in ended.output
