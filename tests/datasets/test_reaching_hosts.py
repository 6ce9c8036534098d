"""A host whose name is not known is not asked."""

import socket
import threading
import time
from typing import Any

import pytest

from pipeline.datasets import network
from pipeline.system.errors import UserError

URL = "https://nowhere.invalid/file"  # RFC 6761: no name below .invalid ever resolves
UNKNOWN = "^not tried, because the host name nowhere.invalid does not resolve$"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def unknown(*_: Any) -> Any:
    raise socket.gaierror(-2, "Name or service not known")


def test_an_unknown_host_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr("urllib.request.urlopen", None)  # which would fail
    with pytest.raises(UserError, match=UNKNOWN):
        network.fetch(URL, "file")


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answered.wait(30))
    monkeypatch.setattr(network, "RESOLVE", 0.05)
    begun = time.monotonic()
    with pytest.raises(UserError, match=UNKNOWN):
        network.expect_host(URL)
    assert time.monotonic() - begun < 10
    answered.set()


def test_a_known_host_may_be_asked() -> None:
    network.expect_host("http://127.0.0.1:1/")
    network.expect_host("http://localhost/")


def test_behind_a_proxy_the_proxy_knows_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    network.expect_host(URL)
    monkeypatch.setenv("no_proxy", "nowhere.invalid")
    with pytest.raises(UserError, match=UNKNOWN):
        network.expect_host(URL)
