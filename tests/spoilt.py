"""Files that were spoilt on their way: cut off, with bits turned, overwritten."""

import numpy as np


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of the content."""
    return content[: rng.integers(len(content))]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bits of the content turned, those at its beginning more often."""
    spoilt = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        end = min(len(content), 64) if rng.random() < 0.5 else len(content)
        spoilt[rng.integers(end)] ^= 1 << int(rng.integers(8))
    return bytes(spoilt)


def overwritten(content: bytes, rng: np.random.Generator) -> bytes:
    """A stretch of the content replaced by noise, or by zeros or ones."""
    start, length = rng.integers(len(content)), rng.integers(1, 40)
    noise = rng.integers(0, 256, length, np.uint8).tobytes()
    filling = (noise, b"\0" * length, b"\xff" * length)[rng.integers(3)]
    return content[:start] + filling + content[start + length :]


WAYS = (cut, flipped, overwritten)
