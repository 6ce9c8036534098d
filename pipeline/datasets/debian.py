"""A package of Debian that holds the four IDX files: downloaded by any user and read, never installed.

A package is an ar archive (https://manpages.debian.org/deb.5), whose member `data.tar.*` holds the files.
"""

import bz2
import io
import lzma
import tempfile
from pathlib import Path

from pipeline.datasets.programs import run
from pipeline.datasets.sources import ARRAYS, LIMIT, capped, gunzipped, members, reading, small
from pipeline.system.errors import UserError

FOLDER = Path("/usr/share/datasets")  # of the packages that hold data sets
TIMEOUT = 120.0
MAGIC, HEADER = b"!<arch>\n", 60  # bytes of a member's header
XZ_MEMORY = 128 * 2**20  # bytes that a decoder may take; the highest preset takes 65 MiB


def package(name: str, folder: str) -> dict[str, bytes]:
    """Fetch a package with `apt-get download` and read the four IDX files of its `folder`; nothing is run."""
    with reading(name), tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary)
        run(["apt-get", "download", "-qq", name], target, TIMEOUT)
        packages = list(target.glob("*.deb"))
        if len(packages) != 1:
            raise UserError(f"expected one package from apt-get download, received {len(packages)}")
        with packages[0].open("rb") as stream:
            body = capped(stream, packages[0].name)
        inside = f".{FOLDER / folder}"
        packed = members(_data(body), {f"{inside}/{file}.gz": file for file in ARRAYS}, packages[0].name)
        return {file: gunzipped(content, f"{file}.gz") for file, content in packed.items()}


def _data(body: bytes) -> bytes:
    """Return the uncompressed tar archive of a package's files."""
    if not body.startswith(MAGIC):
        raise UserError(f"expected an ar archive, received bytes that begin with 0x{body[:8].hex()}")
    start = len(MAGIC)
    names = []
    while len(header := body[start : start + HEADER]) == HEADER:
        name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
        start += HEADER
        content = body[start : start + size]
        if size < 0 or len(content) < size:
            raise UserError(f"{name}: expected {size} bytes, received {len(content)} (truncated)")
        if name.startswith("data.tar"):
            return _unpacked(content, name)
        names.append(name)
        start += size + size % 2
    raise UserError(f"expected a member data.tar, received {', '.join(names) or 'none'}")


def _unpacked(content: bytes, name: str) -> bytes:
    match name.removeprefix("data.tar"):
        case "":
            return content
        case ".gz":
            return gunzipped(content, name)
        case ".xz":
            decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
            tar = small(decoder.decompress(content, LIMIT + 1), name)
            if not decoder.eof:
                raise UserError(f"{name}: expected a whole xz stream, received a part (truncated)")
            return tar
        case ".bz2":
            with bz2.open(io.BytesIO(content)) as stream:
                return small(stream.read(LIMIT + 1), name)
        case _:
            raise UserError(
                f"expected data.tar, plain or compressed by gzip, xz or bzip2, received {name}; "
                "install the package with apt-get install"
            )
