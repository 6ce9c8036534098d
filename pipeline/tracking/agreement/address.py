"""The address of a store, without the secret that may stand in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.system.errors import UserError

# Where a client looks for what was taken out of the address.
USER, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
POSTGRES_PASSWORD = "PGPASSWORD"
# Variables of MLflow's that name a second store, and what that would break.
SECOND = {
    "MLFLOW_REGISTRY_URI": "networks are registered in the store of their runs",
    "MLFLOW_READ_REPLICA_BACKEND_STORE_URI": "what is written is read back at once",
    "MLFLOW_WORKSPACE_STORE_URI": "the runs are in one workspace",
}


def check_alone(tracking_uri: str) -> None:
    """Raise UserError where a variable has MLflow use another store beside this one."""
    for name, reason in SECOND.items():
        value = os.environ.get(name)
        if value and value != tracking_uri:
            raise UserError(f"{name}: expected no value, for {reason}, received {redacted(value)}; unset it")


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


def unescaped(path: Path) -> Path:
    """Return the path of a database. Raises UserError for a % or ?, which mean something in an address."""
    if {"%", "?"} & set(str(path)):
        raise UserError(
            f"MLFLOW_TRACKING_URI: expected the path of a database without % and ?, received {path}; move "
            "the checkout, or name a database elsewhere"
        )
    return path


def redacted(text: str) -> str:
    """Return a text with `***` for the user and the password of every address in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "***@", text)
