"""Fully connected: the pixels in a row, then hidden layers of units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.networks.base import Activation, Network, Size

if TYPE_CHECKING:
    import keras

    from pipeline.networks.layers import Layers


class Dense(Network):
    """Hidden layers of so many units each, from the lowest up, with one activation."""

    hidden: Annotated[list[Size], Field(min_length=1)]
    activation: Activation

    @property
    def depth(self) -> int:
        """Return the number of hidden layers."""
        return len(self.hidden)

    @property
    def width(self) -> int:
        """Return the units of the widest hidden layer."""
        return max(self.hidden)

    @property
    def described(self) -> str:
        """Return its layers and its activation."""
        return f"hidden layers {'-'.join(map(str, self.hidden))} ({self.activation})"

    def features(self, images: keras.KerasTensor, layers: Layers) -> keras.KerasTensor:
        """Return the output (B, units) of the last hidden layer."""
        import keras

        values = layers.entered(keras.layers.Flatten(name="flatten")(images))
        for number, units in enumerate(self.hidden, start=1):
            name = f"hidden_{number}"
            values = layers.activated(layers.dense(name, units)(values), name, self.activation)
        return values
