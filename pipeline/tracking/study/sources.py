"""Where a run's data come from, as DVC says it: a path, a hash and, where there is one, a remote."""

from __future__ import annotations

import configparser
import functools
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.datasets import prepared
from pipeline.plan import Run
from pipeline.system.checkout import ROOT
from pipeline.tracking.agreement import Data, address

LOCK = "dvc.lock"


def of_run(run: Run, root: Path = ROOT) -> Data:
    """Return the data set of a run: its name, the digest of what the run sees, and DVC's source of it."""
    source: dict[str, Any] = {
        "path": prepared.folder(run.source).as_posix(),
        **_locked(root),
        **_remote(root),
    }
    return Data(f"{run.setting}-{run.training_set}", run.data[:36], "dvc", source)


@functools.cache
def _locked(root: Path) -> dict[str, str]:
    """Return the hash of the images in `dvc.lock`; nothing where DVC has none yet."""
    try:
        locked = YAML(typ="safe").load(root / LOCK)
        (out,) = (out for out in locked["stages"]["prepare"]["outs"] if out["path"] == str(prepared.IMAGES))
        kind = str(out.get("hash", "md5"))
        return {"of": out["path"], "hash": f"{kind}:{out[kind]}"}
    except (OSError, YAMLError, KeyError, TypeError, ValueError):
        return {}


@functools.cache
def _remote(root: Path) -> dict[str, str]:
    """Return the default remote of DVC, without what is secret in its address."""
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read([root / ".dvc" / "config", root / ".dvc" / "config.local"], encoding="utf-8")
        url = config[f"'remote \"{config['core']['remote']}\"'"]["url"]
    except (KeyError, configparser.Error):
        return {}
    return {"remote": address.redacted(url)}
