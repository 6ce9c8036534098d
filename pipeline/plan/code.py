"""The code and libraries between a run's parameters and its bits."""

from __future__ import annotations

import functools
import hashlib
import io
import tokenize
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
# The files of a network and of regularizers are added where they are used.
TRAINING_CODE = (
    "datasets/prepared.py",
    "datasets/seeds.py",
    "networks/base.py",
    "networks/layers.py",
    "regularizers/base.py",
    "science/scores.py",
    "training/backend.py",
    "training/engine.py",
    "training/models.py",
    "training/optimizers.py",
    "training/shift.py",
    "training/trainer.py",
)


def code_digest(network: Iterable[str], regularizers: Iterable[str]) -> str:
    """Return the digest of the code and libraries that train a network so, here and now.

    Both are given by their names.
    Comments and blank lines are no code.
    """
    digest = hashlib.sha256()
    methods = (f"regularizers/{name}.py" for name in sorted(regularizers))
    for path in (*TRAINING_CODE, *(f"networks/{name}.py" for name in network), *methods):
        digest.update(f"{path}\n{uncommented((PACKAGE / path).read_text(encoding='utf-8'))}".encode())
    for library in ("tensorflow", "keras", "numpy", "scipy"):
        digest.update(f"{library}=={version(library)}\n".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=256)  # a worker asks before every run
def uncommented(source: str) -> str:
    """Return Python source without its comments and blank lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "".join(f"{line.rstrip()}\n" for line in lines if line.strip())


@functools.cache
def version(library: str) -> str:
    """Return the installed version of `tensorflow`, `keras` or another library."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:  # on Linux x86-64 TensorFlow's wheel has another name
        return metadata.version(f"{library}-cpu")
