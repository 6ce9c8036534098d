"""Which weights the data reach, and what is left when the smallest are set to zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.science.network import Mask, Network


def live(network: Network, images: NDArray[np.generic]) -> list[Mask]:
    """Mark the weights of every kernel that some of the images (n, inputs) can move.

    In the first kernel those of an input that is not zero throughout; in the others all. The rest are
    moved by their penalty alone, so what they are says nothing about the data.
    """
    rows = np.asarray(np.any(np.not_equal(images, 0), axis=0))
    first, *others = network.kernels
    if rows.shape != first.shape[:1]:
        raise ValueError(f"images: expected {len(first)} inputs, received {rows.size}")
    return [np.repeat(rows[:, None], first.shape[1], axis=1), *(np.ones(k.shape, bool) for k in others)]


def chosen(network: Network, masks: Sequence[Mask]) -> NDArray[np.float32]:
    """Return the marked weights of all kernels as one vector."""
    return np.concatenate([kernel[mask] for kernel, mask in zip(network.kernels, masks, strict=True)])


def prune(network: Network, share: float, among: Sequence[Mask]) -> Network:
    """Set the smallest share of the weights `among` those marked, of all kernels together, to zero.

    Exactly round(share * d) of the d marked weights; the unmarked and the biases stay. Raises ValueError
    for a share outside [0, 1]. By magnitude, without training again: Han et al. 2015, their first step.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, received {share}")
    sizes = np.abs(chosen(network, among))
    count = round(share * sizes.size)
    gone = np.zeros(sizes.size, bool)
    if count:
        gone[np.argpartition(sizes, count - 1)[:count]] = True
    kernels = []
    for kernel, mask in zip(network.kernels, among, strict=True):
        own, gone = np.split(gone, [np.count_nonzero(mask)])
        pruned = kernel.copy()
        pruned[mask] = np.where(own, np.float32(0), kernel[mask])
        kernels.append(pruned)
    return replace(network, kernels=tuple(kernels))
