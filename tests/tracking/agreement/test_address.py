"""A secret in the address of a store is nowhere that an address is shown."""

import os

import pytest

from pipeline.tracking.agreement import address

NAMES = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "PGPASSWORD")
SECRET = "pa/ss@wo:rd"
ENCODED = "pa%2Fss%40wo%3Ard"


@pytest.fixture(autouse=True)
def _own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the test leaves is put back
        monkeypatch.delenv(name)


def left() -> dict[str, str]:
    return {name: os.environ[name] for name in NAMES if name in os.environ}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_servers_user_and_password_go_to_mlflows_variables(scheme: str) -> None:
    given = f"{scheme}://me:{ENCODED}@host:5000/prefix"
    assert address.entrusted(given) == f"{scheme}://host:5000/prefix"
    assert left() == {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": SECRET}


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_a_databases_password_goes_to_its_clients_variable(scheme: str) -> None:
    given = f"{scheme}://me:{ENCODED}@host:5432/runs?sslmode=require"
    assert address.entrusted(given) == f"{scheme}://me@host:5432/runs?sslmode=require"
    assert left() == {"PGPASSWORD": SECRET}


@pytest.mark.parametrize(
    "given",
    [
        "http://host:5000",
        "http://me@host:5000",
        "postgresql://me@host/runs",
        "mysql+pymysql://me:word@host/runs",  # that client takes it from nowhere else
        "databricks",
    ],
)
def test_any_other_address_is_taken_as_it_is(given: str) -> None:
    assert address.entrusted(given) == given
    assert left() == {}


def test_what_the_user_has_set_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "mine")
    address.entrusted("http://me:other@host")
    assert os.environ["MLFLOW_TRACKING_PASSWORD"] == "mine"


def test_no_user_and_no_password_stay_in_a_text() -> None:
    said = f"no answer from http://me:{ENCODED}@host:5000/x, nor from mysql+pymysql://you:word@db/runs"
    assert (
        address.redacted(said)
        == "no answer from http://***@host:5000/x, nor from mysql+pymysql://***@db/runs"
    )
    plain = "no answer from http://host:5000/users/@me, for me@there"
    assert address.redacted(plain) == plain
