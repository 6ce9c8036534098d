"""What a new run changed: the verdicts, beside those of the last commit."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pipeline.system import git
from pipeline.system.errors import UserError
from pipeline.system.words import listed

VERDICTS = "reports/questions/{}/verdicts.csv"


def sentence(root: Path) -> str:
    """Say which verdicts differ from the last commit's; nothing where there is no commit that has any."""
    here: dict[str, str] = {}
    there: dict[str, str] = {}
    for path in sorted(root.glob(VERDICTS.format("*"))):
        here |= _verdicts(path.read_bytes())
        there |= _verdicts(_committed(root, path.relative_to(root).as_posix()))
    common = [claim for claim in here if claim in there]
    turned = [claim for claim in common if here[claim] != there[claim]]
    if not common:
        return ""
    if not turned:
        return f"all {len(common)} verdicts are those of the last commit"
    named = listed(f"{claim} ({here[claim]}, was {there[claim]})" for claim in turned)
    return (
        f"{len(turned)} of {len(common)} verdicts differ from the last commit's: {named}; where only the "
        "class of the processor is another, last digits differ, and a close verdict may turn"
    )


def _committed(root: Path, path: str) -> bytes:
    try:
        return git.content(root, "HEAD", path) or b""
    except UserError:  # no repository, or no commit
        return b""


def _verdicts(content: bytes) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8", errors="replace")))
    return {str(row.get("claim")): str(row.get("verdict")) for row in rows}
