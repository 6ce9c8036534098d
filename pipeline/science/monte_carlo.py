"""Monte-Carlo dropout: predictions averaged over dropout passes (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.science.arrays import FloatArray
from pipeline.science.network import Mask, Network, Single

BLOCK = 1000
"""Images that share the masks of a pass. A matrix product for all of them takes a tenth of the time."""


def averages(
    network: Network, images: Single, rate: float, counts: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """Mean probabilities over the first k dropout passes, for every k of `counts`: (K, n, C).

    images (n, inputs) in [0, 1]. A pass drops every hidden unit with probability `rate` and scales the rest
    by 1/(1 - rate), as Keras does in training; the units dropped are drawn anew for every pass and for every
    BLOCK images. So the passes of an image are independent, and each image's mean is unbiased. Raises
    ValueError unless 0 < rate < 1 and the counts ascend from at least 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate: expected a value between 0 and 1, received {rate}")
    if not counts or list(counts) != sorted(set(counts)) or counts[0] < 1:
        raise ValueError(f"counts: expected ascending numbers from 1 up, received {list(counts)}")
    after = tuple(kernel * np.float32(1 / (1 - rate)) for kernel in network.kernels[1:])
    # Without its inputs: what they give is computed once for all passes, not copied for each.
    scaled = replace(network, kernels=(network.kernels[0][:0], *after))
    firsts = [network.first(block) for block in np.array_split(images, max(1, len(images) // BLOCK))]
    return np.concatenate([_block(scaled, first, rate, counts, rng) for first in firsts], axis=1)


def _block(
    network: Network, first: Single, rate: float, counts: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    masks = [[rng.random(units) >= rate for units in network.units] for _ in range(counts[-1])]
    totals = np.cumsum(softmax(_logits(network, first, masks)), axis=0, dtype=np.float64)
    return np.stack([totals[count - 1] / count for count in counts])


def _logits(network: Network, first: Single, masks: Sequence[Sequence[Mask]]) -> Single:
    """Return the logits (passes, n, C) with the hidden units of each pass's masks alone."""
    if len(network.units) > 1:
        return np.stack([network.thinned(kept).after_first(first[:, kept[0]]) for kept in masks])
    # One product for all passes: to drop a unit is to drop its row of the last kernel.
    kernels = [np.where(kept[:, None], network.kernels[-1], np.float32(0)) for (kept,) in masks]
    logits = first @ np.concatenate(kernels, axis=1)
    return logits.reshape(len(first), len(masks), -1).swapaxes(0, 1) + network.biases[-1]


def softmax(logits: Single) -> Single:
    """Return the probabilities (..., C) of logits (..., C), in single precision."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
