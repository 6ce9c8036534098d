"""The files of runs and models: fetched, compared by their digests, and logged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run as Logged
from mlflow.exceptions import MlflowException
from requests import RequestException

from pipeline.tracking.agreement.entry import Drawn, digest

DIGEST = "digest/"  # the tag of an artifact that was drawn: what it was made of, and what came of it


def differing(artifacts: Mapping[str, Path | Drawn], run: Logged) -> dict[str, str]:
    """Return the artifacts of a run that are not what they are said to be, and what is wrong with each."""
    wrong = {}
    for path, found in fetched(run.info.artifact_uri, artifacts).items():
        artifact = artifacts[path]
        if isinstance(artifact, Path):
            expected = digest(artifact.read_bytes())
        else:
            of, _, expected = run.data.tags.get(f"{DIGEST}{path}", "").rpartition(" ")
            expected = expected if of == artifact.of else ""
        if found is None:
            wrong[path] = "expected a file, found none"
        elif found != expected:
            wrong[path] = "expected other bytes than those found"
    return wrong


def write(client: MlflowClient, run: str, artifacts: Mapping[str, Path | Drawn]) -> None:
    """Log artifacts in place of what is there."""
    for path, artifact in artifacts.items():
        *folders, name = PurePosixPath(path).parts
        content = artifact.read_bytes() if isinstance(artifact, Path) else artifact.make()
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, name)
            file.write_bytes(content)
            client.log_artifact(run, str(file), "/".join(folders) or None)
        if isinstance(artifact, Drawn):
            client.set_tag(run, f"{DIGEST}{path}", f"{artifact.of} {digest(content)}")


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest(path.read_bytes()) for path in files}


def fetched(uri: str, paths: Iterable[str]) -> dict[str, str | None]:
    """Return the digests of files below an address, by path; None for one that is missing."""
    with tempfile.TemporaryDirectory() as scratch:
        return {path: _digest(uri, path, scratch) for path in paths}


def _digest(uri: str, path: str, scratch: str) -> str | None:
    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        file = Path(url2pathname(parts.path), path)
        return digest(file.read_bytes()) if file.is_file() else None
    try:
        whole = f"{uri.rstrip('/')}/{path}"
        return digest(Path(mlflow.artifacts.download_artifacts(whole, dst_path=scratch)).read_bytes())
    except FileNotFoundError:
        return None
    except (MlflowException, RequestException) as error:
        if "404" in str(error) or getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
