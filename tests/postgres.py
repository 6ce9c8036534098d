"""A PostgreSQL server of the tests' own, on the loopback, in a folder that is removed with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import HOST, free_port

USER, PASSWORD = "study", "a secret/of@its:own"
# Where Debian puts what is not meant to be typed.
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
# Whom the server runs as when the tests run as root, whom it refuses.
UNPRIVILEGED = "postgres"
# Nothing here must survive the machine.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, if they are installed."""
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else next(reversed(DEBIAN), None)


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """The address of a server that asks for a password, without the password."""
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    owner = UNPRIVILEGED if os.geteuid() == 0 else None
    data, port = folder / "data", free_port()
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    if owner:
        for path in (folder, folder / "password"):
            shutil.chown(path, owner, owner)

    def run(program: str, *arguments: str) -> None:
        ended = subprocess.run(
            [programs / program, "--pgdata", data, *arguments],
            cwd=folder,
            user=owner,
            group=owner,
            extra_groups=[] if owner else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stdout

    try:
        run(
            "initdb",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile={folder / 'password'}",
            "--no-sync",
        )
        options = f"-c listen_addresses={HOST} -p {port} -k {folder} {FAST}"
        run("pg_ctl", "--wait", f"--log={folder / 'log'}", "--options", options, "start")
        try:
            yield f"postgresql+psycopg2://{USER}@{HOST}:{port}/postgres"
        finally:
            run("pg_ctl", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder)
