"""Where the runs are trained: how many at a time, on which cluster, on which class of processor."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import joblib
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.system import untrusted
from pipeline.system.checkout import main_checkout
from pipeline.system.errors import UserError, expectation, meant
from pipeline.system.untrusted import printable

FILE = "machine.yaml"
ENVIRONMENT = {"workers": "WORKERS", "scheduler": "DASK_SCHEDULER_ADDRESS"}


class Machine(BaseModel):
    """How many runs to train at a time, and on which cluster: on the cores of this machine when None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: Annotated[int, Field(ge=1)] | None = None
    scheduler: Annotated[str, Field(pattern=r"^(\w+://)?\S+:\d+$")] | None = None

    @property
    def processes(self) -> int:
        """Return how many runs to train at a time here: one per core that a container's quota allows."""
        return self.workers or int(joblib.cpu_count())


def read(root: Path | None = None) -> Machine:
    """Read the checkout's `machine.yaml`, if there is one, and the environment, which overrides it.

    Raises UserError for an unknown key or a wrong value.
    """
    path = (root or main_checkout()) / FILE
    try:
        fields = untrusted.yaml(path.read_text(encoding="utf-8")) if path.exists() else None
    except (OSError, ValueError) as error:
        raise UserError(f"{FILE}: expected YAML, received {error}") from error
    if not isinstance(fields or {}, dict):
        raise UserError(f"{FILE}: expected a mapping of settings, received {fields!r}")
    origin = dict.fromkeys(fields or {}, FILE)
    for field, variable in ENVIRONMENT.items():
        if os.environ.get(variable):
            fields = {**(fields or {}), field: os.environ[variable]}
            origin[field] = variable
    try:
        return Machine.model_validate(fields or {})
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            name = ".".join(str(step) for step in fault["loc"])
            lines.append(f"{origin.get(name, FILE)}: {name}: {_described(fault)}")
        raise UserError("\n".join(lines)) from error


def _described(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        keys = Machine.model_fields
        return f"unknown key, expected one of {', '.join(keys)}{meant(fault['loc'][-1], keys)}"
    if fault["type"] == "string_pattern_mismatch":
        return f"expected an address with a port, as tcp://10.0.0.1:8786, received {fault['input']!r}"
    return expectation(fault)


@functools.cache
def processor() -> str:
    """Return the class of this machine's processor: on others the last bits of a result may differ."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return printable(line.partition(":")[2].strip())
    return printable(platform.processor() or platform.machine())
