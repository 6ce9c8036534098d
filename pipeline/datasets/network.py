"""Fetching from a server: whether its name is known, and no more bytes than a data set has."""

import socket
import threading
import urllib.request
from urllib.parse import urlsplit

from pipeline.datasets.sources import capped
from pipeline.system.errors import UserError

ANSWER = 20.0  # seconds to wait for the server's next bytes
RESOLVE = 5.0  # seconds to wait for the address of a host


def fetch(url: str, what: str) -> bytes:
    """Return the body of what is at an address. Raises UserError, or what urllib raises."""
    expect_host(url)
    with urllib.request.urlopen(url, timeout=ANSWER) as response:
        body = capped(response, what)
        announced = int(response.headers.get("Content-Length", len(body)))
    # The standard library returns a body that the server cut short as if it were whole.
    if len(body) != announced:
        raise UserError(f"{what}: expected {announced} bytes, received {len(body)} (truncated)")
    return body


def expect_host(url: str) -> None:
    """Check that the host of an address has a known name, which takes no more than RESOLVE seconds.

    Behind a proxy it is the proxy that knows, so nothing is checked. Raises UserError.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if urllib.request.getproxies().get(parts.scheme) and not urllib.request.proxy_bypass(host):
        return
    resolved: list[bool] = []
    # A resolver that nobody answers may take minutes, and cannot be interrupted.
    thread = threading.Thread(target=lambda: resolved.append(_resolves(host)), daemon=True)
    thread.start()
    thread.join(RESOLVE)
    if not resolved or not resolved[0]:
        raise UserError(f"not tried, because the host name {host} does not resolve")


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False
