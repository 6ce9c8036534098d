"""Seeds, generators and orders: what everything random comes from."""

import hashlib

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int32]


def seed(*parts: int | str) -> int:
    """A 63-bit seed, determined by the parts, their order and their types; it never changes.

    Raises TypeError for a part that is neither an integer nor a text.
    """
    digest = hashlib.sha256(b"".join(_tagged(part) for part in parts)).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """NumPy's default random generator, seeded with `seed(*parts)`."""
    return np.random.default_rng(seed(*parts))


def batch_order(seed: int, epoch: int, n: int) -> Indices:
    """The order, (n,), in which an epoch of the run with this seed visits its n training images."""
    return generator("batch order", seed, epoch).permutation(np.arange(n, dtype=np.int32))


def _tagged(part: int | str) -> bytes:
    # Type and length come first, so that no two lists of parts give the same bytes. A bool is an int in
    # Python, so True and 1 would give the same seed by accident.
    if isinstance(part, bool) or not isinstance(part, int | str):
        raise TypeError(f"parts: expected int or str, received {part!r}")
    text = str(part).encode()
    return b"%s%d:%s" % (b"i" if isinstance(part, int) else b"s", len(text), text)
