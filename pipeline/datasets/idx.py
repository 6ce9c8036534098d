"""The IDX format of the MNIST files, for unsigned bytes.

Two zero bytes, the element type (0x08: unsigned byte), the number of axes, the length of every axis
as a big-endian 32-bit integer, then the elements in C order: http://yann.lecun.com/exdb/mnist/.
"""

import math
import struct

import numpy as np
import numpy.typing as npt

from pipeline.system.errors import UserError

UNSIGNED_BYTE = 0x08


def encode(array: npt.NDArray[np.uint8]) -> bytes:
    """Encode an array of unsigned bytes, (N, H, W) images or (N,) labels, as an IDX file.

    Raises TypeError for another element type and ValueError for an array without axes.
    """
    if array.dtype != np.uint8:
        raise TypeError(f"array: expected elements of uint8, received {array.dtype}")
    if array.ndim == 0:
        raise ValueError("array: expected at least one axis, received none")
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    return header + array.tobytes()


def decode(blob: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Decode an IDX file called `name` into a read-only array of the shape that it declares.

    Raises UserError, with the name, what was expected and what was received, for a bad magic
    number, another element type, and a body that is shorter or longer than the shape declares.
    """
    shape, start = _header(blob, name)
    expected, received = math.prod(shape), len(blob) - start
    if expected != received:
        fault = "truncated" if received < expected else "overlong"
        raise UserError(f"{name}: expected {expected} bytes for shape {shape}, received {received} ({fault})")
    elements = np.frombuffer(blob, np.uint8, offset=start)
    try:
        return elements.reshape(shape)
    except ValueError as error:
        raise UserError(f"{name}: expected a shape that numpy can hold, received {shape}") from error


def _header(blob: bytes, name: str) -> tuple[tuple[int, ...], int]:
    """Return the declared shape, and the offset at which the elements start."""
    if len(blob) < 4 or blob[:2] != b"\0\0" or blob[3] == 0:
        received = f"0x{blob[:4].hex()}" if blob else "an empty file"
        raise UserError(
            f"{name}: expected an IDX magic number "
            f"(0x00000803 for images, 0x00000801 for labels), received {received}"
        )
    kind, ndim = blob[2], blob[3]
    if kind != UNSIGNED_BYTE:
        raise UserError(
            f"{name}: expected element type 0x{UNSIGNED_BYTE:02x} (unsigned byte), received 0x{kind:02x}"
        )
    start = 4 + 4 * ndim
    if len(blob) < start:
        raise UserError(
            f"{name}: expected a header of {start} bytes for {ndim} axes, received {len(blob)} (truncated)"
        )
    return struct.unpack_from(f">{ndim}I", blob, 4), start
