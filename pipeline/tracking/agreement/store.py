"""A store and one experiment of it: the store that the environment names, or a local file."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Literal

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.db.utils import create_sqlalchemy_engine
from mlflow.utils import mlflow_tags
from pydantic.dataclasses import dataclass
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.system.checkout import main_checkout
from pipeline.system.errors import UserError
from pipeline.system.untrusted import printable
from pipeline.tracking.agreement import address, moved
from pipeline.tracking.agreement.checked import CONFIG, Checked, ExperimentName
from pipeline.tracking.agreement.entry import digest

# It prints the traceback of a database's fault, which is raised as well.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
SQLITE = "sqlite:///"
RUNS_PER_QUERY = 500  # to a database
READERS = 8  # requests at a time to a server
NO_LIMIT = 2**31 - 1

# What a store answers that understands a request and does not take a value of it.
REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "RESOURCE_LIMIT_EXCEEDED"}
# How MLflow says that a database was made by another version of it.
OTHER_VERSION = ("out-of-date database schema", "Can't locate revision")


class UnreachableError(UserError):
    """The store does not answer, or refuses access."""


class VersionError(UserError):
    """The store was made by another version of MLflow."""


@dataclass(frozen=True, config=CONFIG)
class Experiment(Checked):
    """An experiment by its name; what describes it, in markdown, and its tags are written when it is made."""

    name: ExperimentName
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


# What a call raises when the store is no longer reachable.
UNREACHABLE = (UnreachableError, MlflowException, SQLAlchemyError, RequestException)


def uri() -> str:
    """Return `MLFLOW_TRACKING_URI`, or the SQLite file in the root of the checkout.

    A relative SQLite path starts at the root of the checkout, whatever the working directory. A password
    is removed from the address: the client reads it from its own variable.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    if not named.startswith(SQLITE):
        return address.entrusted(named)
    return f"{SQLITE}{address.unescaped(main_checkout() / named.removeprefix(SQLITE))}"


def opened(experiment: Experiment) -> tuple[MlflowClient, str]:
    """Return a client and the id of the experiment; create store and experiment if missing.

    Under `mlflow run` it is the experiment that mlflow chose, so that what is recorded nests under its run.
    Raises UnreachableError for a store that does not answer, or refuses access, VersionError for one of
    another MLflow, and UserError for a variable of MLflow's that names what is not in the store.
    """
    tracking_uri = uri()
    address.check_alone(tracking_uri)
    try:
        mlflow.set_tracking_uri(tracking_uri)
        _connect_once(tracking_uri)
        with _one_process_at_a_time(tracking_uri):
            client = MlflowClient()
            chosen = os.environ.get("MLFLOW_EXPERIMENT_ID")
            return client, _chosen(client, chosen) if chosen else _found(client, tracking_uri, experiment)
    except (MlflowException, SQLAlchemyError, ImportError, ValueError, OSError, sqlite3.Error) as error:
        if any(said in str(error) for said in OTHER_VERSION):
            raise VersionError(_other_version(tracking_uri)) from None
        shown = address.redacted(f"received {tracking_uri} ({said(error)})")
        # `from None`, because the cause would show what is redacted here.
        raise UnreachableError(
            f"MLFLOW_TRACKING_URI: expected a store that answers and lets us in, {shown}"
        ) from None


def _other_version(tracking_uri: str) -> str:
    shown = address.redacted(tracking_uri)
    return (
        f"MLFLOW_TRACKING_URI: expected a store of MLflow {mlflow.__version__}, received {shown} of another; "
        f"keep a copy, then run: python -m mlflow db upgrade {shown} (a newer one needs its own MLflow)"
    )


@contextmanager
def reached() -> Iterator[None]:
    """Let a store that goes out of reach, or answers with a fault of its own, be an error of one line."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, RequestException) as error:
        raise UnreachableError(
            f"MLFLOW_TRACKING_URI: expected a store that goes on answering, received {said(error)}"
        ) from None


def is_refusal(error: BaseException) -> bool:
    """Tell whether the store answers, and does not take what it was given."""
    return isinstance(error, MlflowException) and error.error_code in REFUSALS


def histories(client: MlflowClient, identities: Sequence[str], metric: str) -> Iterator[tuple[str, Metric]]:
    """Yield every point of a metric of these runs, with the id of its run."""
    backend = client._tracking_client.store  # the client has no call for the histories of many runs
    if hasattr(backend, "get_metric_history_bulk"):
        for start in range(0, len(identities), RUNS_PER_QUERY):
            queried = identities[start : start + RUNS_PER_QUERY]
            points = backend.get_metric_history_bulk(queried, metric, NO_LIMIT)
            yield from ((point.run_id, point) for point in points)
        return
    with ThreadPoolExecutor(READERS) as readers:
        histories_of_runs = readers.map(lambda run: client.get_metric_history(run, metric), identities)
        for identity, history in zip(identities, histories_of_runs, strict=True):
            yield from ((identity, point) for point in history)


def said(error: BaseException) -> str:
    """Return the first line of an error's text, without secrets and what controls a terminal."""
    lines = str(error).splitlines() or [type(error).__name__]
    return printable(address.redacted(lines[0]))[:200]


def _chosen(client: MlflowClient, identity: str) -> str:
    """Return the experiment that the environment names, if the store has it and the run that is named too."""
    for name, value, found in (
        ("MLFLOW_EXPERIMENT_ID", identity, client.get_experiment),
        ("MLFLOW_RUN_ID", outer_run(), client.get_run),
    ):
        try:
            if value:
                found(value)
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise UserError(
                f"{name}: expected what the store has, received {value!r}, which it has not; unset {name}"
            ) from None
    return identity


def _found(client: MlflowClient, tracking_uri: str, experiment: Experiment) -> str:
    existing = client.get_experiment_by_name(experiment.name)
    if existing:
        if tracking_uri.startswith(SQLITE):
            moved.follow(Path(tracking_uri.removeprefix(SQLITE)), existing.experiment_id)
        if existing.lifecycle_stage != "active":  # deleted in the UI, which keeps its name taken
            client.restore_experiment(existing.experiment_id)
        return str(existing.experiment_id)
    try:
        created = str(client.create_experiment(experiment.name, _artifacts(tracking_uri)))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return _found(client, tracking_uri, experiment)  # another process created it just now
    describe(client, created, experiment)
    return created


def describe(client: MlflowClient, identity: str, experiment: Experiment) -> None:
    """Write the tags of an experiment and its description, unless a person has written another."""
    existing = client.get_experiment(identity).tags
    wanted = dict(experiment.tags)
    if whose(existing) != "theirs":
        wanted |= note_tags(experiment.note)
    for name, value in wanted.items():
        if existing.get(name) != value:
            client.set_experiment_tag(identity, name, value)


NOTE, NOTE_DIGEST = mlflow_tags.MLFLOW_RUN_NOTE, "note_digest"


def note_tags(note: str) -> dict[str, str]:
    """Return a description as tags: itself, and its digest, by which a person's change of it is seen."""
    return {NOTE: note, NOTE_DIGEST: digest(note.encode())} if note else {}


def whose(tags: Mapping[str, str]) -> Literal["ours", "theirs", "nobody's"]:
    """Tell whose the description among tags is: ours only as we wrote it."""
    if NOTE not in tags:
        return "nobody's"
    return "ours" if tags.get(NOTE_DIGEST) == digest(tags[NOTE].encode()) else "theirs"


def outer_run() -> str | None:
    """Return the run that `mlflow run` started around this process, if any."""
    return os.environ.get("MLFLOW_RUN_ID")


def is_database(tracking_uri: str) -> bool:
    """Return whether an address is that of a database, and not of a server in front of one."""
    return tracking_uri.partition("://")[0].partition("+")[0] in DATABASE_ENGINES


def _artifacts(tracking_uri: str) -> str | None:
    """Return where artifacts go: beside a database file, in the checkout for others; a server decides."""
    if not is_database(tracking_uri):
        return None
    in_file = tracking_uri.startswith(SQLITE)
    folder = Path(tracking_uri.removeprefix(SQLITE)).parent if in_file else main_checkout()
    return (folder / moved.ARTIFACTS).as_uri()


def _connect_once(tracking_uri: str) -> None:
    # MLflow tries to connect ten times, over minutes, even with a wrong password. One attempt fails at once.
    if is_database(tracking_uri) and not tracking_uri.startswith(SQLITE):
        # MLflow's own function, so that the certificates in its variables are used.
        engine = create_sqlalchemy_engine(tracking_uri)  # type: ignore[no-untyped-call]
        engine.connect().close()
        engine.dispose()


@contextmanager
def _one_process_at_a_time(tracking_uri: str) -> Iterator[None]:
    """Let one process at a time create a store in a file: two at once leave it broken."""
    if not tracking_uri.startswith(SQLITE):
        yield
        return
    database = Path(tracking_uri.removeprefix(SQLITE))
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f"{database.name}.lock")):
        _allow_readers(database)
        yield


def _allow_readers(database: Path) -> None:
    # With write-ahead logging the UI can read while a stage writes, and a batch takes only 0.03 s.
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
