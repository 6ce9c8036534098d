"""The address of a store, without the secret that may stand in it."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

# Where a client looks for what was taken out of the address.
USER, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
POSTGRES_PASSWORD = "PGPASSWORD"


def entrusted(address: str) -> str:
    """Return the address without its secret, which goes where the client of that store looks for it.

    An address ends up in messages, tags and command lines, an environment variable does not. What the
    user has set there already is obeyed. An address that holds no secret is returned as it is, and so is
    one of a store that takes it from nowhere else.
    """
    parts = urlsplit(address)
    if parts.password is None:
        return address
    user, password = unquote(parts.username or ""), unquote(parts.password)
    place = parts.netloc.rpartition("@")[2]
    if parts.scheme in ("http", "https"):
        os.environ.setdefault(USER, user)
        os.environ.setdefault(PASSWORD, password)
        return parts._replace(netloc=place).geturl()
    if parts.scheme.partition("+")[0] in ("postgres", "postgresql"):
        os.environ.setdefault(POSTGRES_PASSWORD, password)
        return parts._replace(netloc=f"{parts.username}@{place}").geturl()
    return address


def redacted(text: str) -> str:
    """Return a text with `***` for the user and the password of every address in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "***@", text)
