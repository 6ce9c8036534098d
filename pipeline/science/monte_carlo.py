"""Monte-Carlo dropout: predictions averaged over dropout passes (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from pipeline.science.arrays import FloatArray
from pipeline.science.network import Network, Single

BANK = 2**14
"""Independent masks per layer. Every image draws one in every pass: fresh masks take thrice as long."""
BLOCK = 1000
"""Images at a time, so that their activations stay in the processor's cache."""


def averages(
    network: Network, images: Single, rate: float, counts: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """Mean probabilities over the first k dropout passes, for every k of `counts`: (K, n, C).

    images (n, inputs) in [0, 1]. A pass drops every hidden activation of every image with probability
    `rate` and scales the rest by 1/(1 - rate), as Keras does in training. Raises ValueError
    unless 0 < rate < 1 and the counts ascend from at least 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate: expected a value between 0 and 1, received {rate}")
    if not counts or list(counts) != sorted(set(counts)) or counts[0] < 1:
        raise ValueError(f"counts: expected ascending numbers from 1 up, received {list(counts)}")
    after = tuple(kernel * np.float32(1 / (1 - rate)) for kernel in network.kernels[1:])
    scaled = replace(network, kernels=(network.kernels[0], *after))
    banks = [rng.random((BANK, units), dtype=np.float32) >= rate for units in network.units]
    blocks = np.array_split(images, max(1, len(images) // BLOCK))
    return np.concatenate([_block(scaled, block, banks, counts, rng) for block in blocks], axis=1)


def _block(
    network: Network,
    images: Single,
    banks: Sequence[np.ndarray],
    counts: Sequence[int],
    rng: np.random.Generator,
) -> FloatArray:
    first = network.first(images)
    total, means = np.zeros((len(images), network.biases[-1].size)), []
    for number in range(1, counts[-1] + 1):
        kept = [bank[rng.integers(BANK, size=len(images))] for bank in banks]
        total += special.softmax(network.thinned(first, kept), axis=1)
        if number in counts:
            means.append(total / number)
    return np.stack(means)
