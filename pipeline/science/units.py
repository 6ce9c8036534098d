"""How hidden units depend on each other, and the order in which they are silenced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.science.arrays import check_axes
from pipeline.science.network import ACTIVATIONS, Mask, Network, Single


def silence(units: Sequence[int], shares: Sequence[float], rng: np.random.Generator) -> list[list[Mask]]:
    """Draw which units to silence: for every share, a mask (units,) per hidden layer, true where silent.

    The masks are nested: a larger share silences all units that a smaller one does. A mask silences
    round(share * units) units of its layer. Raises ValueError for a share outside [0, 1].
    """
    outside = [share for share in shares if not 0 <= share <= 1]
    if outside:
        raise ValueError(f"shares: expected 0 to 1, received {outside}")
    ranks = [rng.permutation(count) for count in units]
    return [[rank < round(share * len(rank)) for rank in ranks] for share in shares]


def only(units: Sequence[int], place: int) -> list[Mask]:
    """Return the masks (units,) per hidden layer that mark one unit, by its place among those of all layers.

    Raises ValueError for a place that no unit has.
    """
    count = sum(units)
    if not 0 <= place < count:
        raise ValueError(f"place: expected 0 to {count - 1}, received {place}")
    return np.split(np.arange(count) == place, np.cumsum(units)[:-1])


def one_by_one(network: Network, images: Single) -> Iterator[Single]:
    """Yield the logits (n, C) of images (n, inputs) with one hidden unit silent, unit after unit.

    The units come layer by layer, in the order of `only`. What a unit gives to the next layer is taken away
    there, which costs less than to compute that layer again.
    """
    entering = network.before_activations(images)
    for number, before in enumerate(entering):
        values = ACTIVATIONS[network.activation](before.copy())  # some work in place
        kernel, hidden = network.kernels[number + 1], number + 1 < len(entering)
        following = entering[number + 1] if hidden else values @ kernel + network.biases[-1]
        for unit, weights in enumerate(kernel):
            without = following - values[:, unit : unit + 1] * weights
            yield network.from_layer(number + 1, without) if hidden else without


def mean_correlation(activations: Single) -> float:
    """Mean |correlation| over the pairs of units that vary, range [0, 1]; activations (n, units).

    A unit that is constant over the images, as one that never fires, has no correlation and is left out.
    Raises ValueError where fewer than two units vary.
    """
    check_axes("activations", activations, ("n", "units"))
    # By float32 rounding the deviations of a constant unit need not be exactly zero.
    varying = activations[:, np.ptp(activations, axis=0) > 0]
    count = varying.shape[1]
    if count < 2:
        raise ValueError(f"activations: expected at least two units that vary, received {count}")
    centered = varying - varying.mean(axis=0)
    centered /= np.sqrt((centered**2).sum(axis=0))
    correlations = np.abs(centered.T @ centered)
    off_diagonal = correlations.sum(dtype=np.float64) - np.trace(correlations, dtype=np.float64)
    return float(off_diagonal / (count * (count - 1)))
