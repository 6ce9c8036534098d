"""One of the two sides of a comparison: its parameters, code, data and scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.compare import scores, versions
from pipeline.compare.scores import Scores
from pipeline.compare.versions import Version
from pipeline.params import FILE, flattened
from pipeline.system import untrusted
from pipeline.system.errors import UserError
from pipeline.system.untrusted import SHOWN, printable

LOCK = "dvc.lock"
Stages = Mapping[str, Any]  # as DVC recorded them


@dataclass(frozen=True)
class Side:
    """A version of the study, read.

    `parameters` by dotted path, `code` and `data` as digests by path; `stale` names what has changed since
    the scores were computed.
    """

    name: str
    kind: str
    commit: str
    parameters: dict[str, Any]
    code: dict[str, str]
    data: dict[str, str]
    scores: Scores
    stale: list[str]


def read(root: Path, argument: str, name: str) -> Side:
    """Read the version that `name` means. Raises UserError, in which `argument` names it."""
    kind, version = versions.locate(root, argument, name)
    stages = _stages(version, argument)
    code = version.code()
    prepared = stages.get("prepare", {}).get("outs", [])
    return Side(
        name=name,
        kind=kind,
        commit=version.commit,
        parameters=_parameters(version, argument),
        code=code,
        data={out["path"]: out["md5"] for out in prepared},
        scores=scores.read(version.content, argument),
        stale=list(_stale(version, stages, code)),
    )


def _parameters(version: Version, argument: str) -> dict[str, Any]:
    try:
        return flattened((version.content(FILE) or b"").decode())
    except ValueError as error:
        reason = printable(str(error))[:SHOWN]
        raise UserError(f"{argument}: expected a {FILE} of sections in it, received: {reason}") from error


def _stages(version: Version, argument: str) -> Stages:
    content = version.content(LOCK)
    if content is None:
        return {}
    try:
        stages: Stages = untrusted.yaml(content.decode())["stages"]
        for stage in stages.values():  # the keys that are read below
            for entry in (*stage.get("deps", []), *stage.get("outs", [])):
                entry["path"], entry["md5"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{argument}: expected a {LOCK} that DVC wrote, received another file") from error
    return stages


def _stale(version: Version, stages: Stages, code: Iterable[str]) -> Iterator[str]:
    """Yield what the plan was made from and has changed since, and the plan if the scores are of another."""
    for dep in stages.get("plan", {}).get("deps", []):
        if _digest(version, dep["path"], code) not in (None, dep["md5"]):
            yield dep["path"]
    planned = [
        entry["md5"]
        for stage, kind in (("plan", "outs"), ("evaluate", "deps"))
        for entry in stages.get(stage, {}).get(kind, [])
        if entry["path"] == "results/plan"
    ]
    if len(set(planned)) > 1:
        yield "results/plan"


def _digest(version: Version, path: str, code: Iterable[str]) -> str | None:
    """Return DVC's digest of a file or of a folder of the code; None if the version lacks it, like data."""
    content = version.content(path)
    if content is not None:
        return _md5(content)
    inside = sorted(name for name in code if name.startswith(f"{path}/"))
    files = [
        {"md5": _md5(version.content(name) or b""), "relpath": name.removeprefix(f"{path}/")}
        for name in inside
    ]
    return f"{_md5(json.dumps(files, sort_keys=True).encode())}.dir" if files else None


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
