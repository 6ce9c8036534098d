"""Which runs each question reads: DVC asks a question again where these are others.

Equal keys give equal bits on one class of processor, so the keys and the class stand for the runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from pipeline import records
from pipeline.system import untrusted

STAGES = Path("results/reads.json")  # by question, the training stages whose runs it reads
INPUTS = Path("results/inputs.json")  # by question, a digest of these runs

_stages = TypeAdapter(dict[str, list[str]])


def write(root: Path, stages: Mapping[str, Sequence[str]]) -> None:
    """Write which training stages each question reads."""
    _write(root / STAGES, stages)


def write_inputs(root: Path) -> None:
    """Write a digest of what each question reads: its own cells, and those of the settings."""
    read = untrusted.parsed(root / STAGES, _stages)
    every = sorted({stage for stages in read.values() for stage in stages})
    cells = {stage: records.cells(root, stage) for stage in every}
    digests = {}
    for question, stages in read.items():
        digest = hashlib.sha256()
        for stage in stages:
            for name, cell in cells[stage].items():
                if cell.reported[0].run.question in ("", question):
                    runs = [(r.run.split, r.run.init, r.run.key, r.processor) for r in cell.reported]
                    digest.update(json.dumps([name, runs]).encode())
        digests[question] = digest.hexdigest()
    _write(root / INPUTS, digests)


def _write(path: Path, content: Mapping[str, object]) -> None:
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
