"""A published data set from the first source that works, checked against a table of checksums."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.datasets import idx, sources
from pipeline.datasets.images import Images
from pipeline.system.errors import UserError
from pipeline.system.untrusted import printable

Source = Callable[[], dict[str, bytes]]
"""Returns the four IDX files as {file name: uncompressed bytes}, or raises UserError."""


@dataclass(frozen=True)
class Published:
    """A data set that anybody can fetch: what its files must be, and where they may be had.

    `variable` is the environment variable that names a directory with the files. `sha256` has the checksum
    of each uncompressed IDX file. `remotes` are tried in their order. Downloads are kept in the folder
    `kept` of all downloads. A directory may hold `archive`, Keras' .npz file, instead of the IDX files.
    """

    title: str
    variable: str
    sha256: Mapping[str, str]
    remotes: Mapping[str, Source]
    kept: str = ""
    archive: str = ""

    def obtain(self, downloads: Path, local: Path | None = None) -> Images:
        """Return the data set from the directory `local`, an earlier download, or the first working remote.

        `local` is the directory that the user named in `variable`: it is used or refused, never skipped.
        Files from a remote are kept in `downloads`, each whole or not at all. Every attempt prints a line.

        Raises UserError if `local` does not hold the right files, if no source gave the right bytes (with
        the reason of each), and if `downloads` cannot be written.
        """
        if local is not None:
            named = f"{self.variable}={local}"
            try:
                return _images(self._attempted(named, partial(sources.directory, local, self.archive)))
            except UserError as error:
                raise UserError(
                    f"{named}: {error}; put {self.title} there or unset {self.variable}"
                ) from error
        download = downloads / self.kept
        earlier: Source = partial(sources.directory, download, self.archive)
        failures = []
        for name, source in {f"earlier download {download}": earlier, **self.remotes}.items():
            try:
                files = self._attempted(name, source)
            except UserError as error:
                failures.append(f"{name}: {error}")
                continue
            if source is not earlier:
                self._keep(files, download)
            return _images(files)
        raise UserError(
            f"set {self.variable}=/path/to/folder, where {self.title}'s four IDX files are (plain or .gz): "
            f"expected a source that has them, received {'; '.join(failures)}"
        )

    def is_kept(self, downloads: Path) -> bool:
        """Tell whether an earlier download of all its files is there."""
        return all((downloads / self.kept / name).exists() for name in self.sha256)

    def _attempted(self, name: str, source: Source) -> dict[str, bytes]:
        """Return the files of a source if they are right, and print what became of the attempt."""
        print(f"{self.title} from {name}: ", end="", flush=True)
        try:
            files = source()
            for file, expected in self.sha256.items():
                received = hashlib.sha256(files[file]).hexdigest()
                if received != expected:
                    raise UserError(f"{file}: expected sha256 {expected}, received {received}")
        except UserError as error:
            # It may quote a server or a program.
            reason = printable(" ".join(str(error).split()))
            print(reason, flush=True)
            raise UserError(reason) from error
        print("taken", flush=True)
        return files

    def _keep(self, files: Mapping[str, bytes], download: Path) -> None:
        try:
            download.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                _write_whole(download / name, content)
        except OSError as error:
            raise UserError(f"{self.title} cannot be kept in {download}: {error}") from error


def _write_whole(path: Path, content: bytes) -> None:
    # The process id gives two processes that download at the same time files of their own.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _images(files: Mapping[str, bytes]) -> Images:
    arrays = {name: idx.decode(content, name) for name, content in files.items()}
    return Images(
        train_images=arrays["train-images-idx3-ubyte"],
        train_labels=arrays["train-labels-idx1-ubyte"],
        test_images=arrays["t10k-images-idx3-ubyte"],
        test_labels=arrays["t10k-labels-idx1-ubyte"],
    )
