"""Which weights the data reach, and what is left when the smallest are set to zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.science.network import Mask, Network


def live(network: Network, images: NDArray[np.generic]) -> list[Mask]:
    """Mark the weights of every kernel that some of the images (n, inputs) can move.

    In the first kernel these are the weights of inputs that are not zero in all images; in the other
    kernels all weights. Only a penalty moves the rest, so their values say nothing about the data. Raises
    ValueError for another number of inputs.
    """
    used = np.asarray(np.any(np.not_equal(images, 0), axis=0))
    first, *later = network.kernels
    if used.shape != first.shape[:1]:
        raise ValueError(f"images: expected {len(first)} inputs, received {used.size}")
    return [np.repeat(used[:, None], first.shape[1], axis=1), *(np.ones(k.shape, bool) for k in later)]


def chosen(network: Network, masks: Sequence[Mask]) -> NDArray[np.float32]:
    """Return the marked weights of all kernels as one vector."""
    return np.concatenate([kernel[mask] for kernel, mask in zip(network.kernels, masks, strict=True)])


def prune(network: Network, share: float, among: Sequence[Mask]) -> Network:
    """Set the smallest share of the weights marked in `among` to zero, all kernels taken together.

    Exactly round(share * d) of the d marked weights become zero; the other weights and the biases stay.
    Raises ValueError for a share outside [0, 1]. Pruning by magnitude, without training again: the first
    step of Han et al. 2015.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, received {share}")
    sizes = np.abs(chosen(network, among))
    count = round(share * sizes.size)
    removed = np.zeros(sizes.size, bool)
    if count:
        removed[np.argpartition(sizes, count - 1)[:count]] = True
    kernels = []
    for kernel, mask in zip(network.kernels, among, strict=True):
        removed_here, removed = np.split(removed, [np.count_nonzero(mask)])
        pruned = kernel.copy()
        pruned[mask] = np.where(removed_here, np.float32(0), kernel[mask])
        kernels.append(pruned)
    return replace(network, kernels=tuple(kernels))
