"""A store in a file that was moved or copied with its folder: the addresses of its artifacts follow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

ARTIFACTS = "mlartifacts"  # beside the database
# Where MLflow keeps the address of an artifact, or of a folder of artifacts.
COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def follow(database: Path, experiment: str) -> None:
    """Let the artifacts of an experiment be those beside the database, where it was made elsewhere.

    MLflow keeps absolute addresses. Artifacts that somebody has put elsewhere stay there, and so do those of
    a database that was moved without them.
    """
    here = database.parent / ARTIFACTS
    with closing(sqlite3.connect(database)) as connection, connection:
        query = "SELECT artifact_location FROM experiments WHERE experiment_id = ?"
        (there,) = connection.execute(query, (experiment,)).fetchone()
        old = Path(url2pathname(urlsplit(there).path))
        ours = there.startswith("file:") and old.name == ARTIFACTS and old != here
        if not ours or (old.exists() and not here.exists()):
            return
        for table, column in COLUMNS:
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (here.as_uri(), len(there) + 1, there, len(there) + 1, f"{there}/"),
            )
