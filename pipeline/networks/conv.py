"""Convolutional: convolutions with pooling between them, then one layer of units (LeCun et al. 1998)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from pipeline.networks.base import Activation, Network, Size

if TYPE_CHECKING:
    import keras

    from pipeline.networks.layers import Layers

POOL = 2  # the side of the squares whose largest value is kept
SLOWER = 3  # times, a convolution's multiplications, its activation and its pooling included; measured


class Conv(Network):
    """Convolutions of `kernel` x `kernel` pixels, each followed by max-pooling; then `dense` units."""

    OFFERS: ClassVar[frozenset[str]] = Network.OFFERS | {"maps"}
    filters: Annotated[list[Size], Field(min_length=1)]
    kernel: Size
    dense: Size
    activation: Activation

    @property
    def depth(self) -> int:
        """Return the number of hidden layers."""
        return len(self.filters) + 1

    @property
    def width(self) -> int:
        """Return the units of its layer of units."""
        return self.dense

    @property
    def described(self) -> str:
        """Return its layers and its activation."""
        filters = "-".join(map(str, self.filters))
        return (
            f"convolutions of {filters} filters ({self.kernel} x {self.kernel}) and {self.dense} units "
            f"({self.activation})"
        )

    def work(self, image_shape: tuple[int, ...]) -> int:
        """Return about how many multiplications an image takes, as fast as those of a matrix product."""
        height, width, maps = (*image_shape, 1)[:3]
        count = 0
        for filters in self.filters:
            count += SLOWER * height * width * maps * filters * self.kernel**2
            height, width, maps = height // POOL, width // POOL, filters
        return count + height * width * maps * self.dense

    def faults(self, image_shape: tuple[int, ...]) -> Iterator[str]:
        """Yield what is too large for the images: the kernel, or the number of poolings."""
        side = min(image_shape[:2])
        if self.kernel > side:
            yield f"kernel: expected at most {side}, the side of the images, received {self.kernel}"
        most = side.bit_length() - 1
        if len(self.filters) > most:
            yield (
                f"filters: expected at most {most} convolutions, which halve images of side {side} each, "
                f"received {len(self.filters)}"
            )

    def features(self, images: keras.KerasTensor, layers: Layers) -> keras.KerasTensor:
        """Return the output (B, dense) of the layer of units."""
        import keras

        height, width, *channels = images.shape[1:]
        values = keras.layers.Reshape((height, width, *(channels or [1])), name="maps")(images)
        values = layers.entered(values)
        for number, filters in enumerate(self.filters, start=1):
            name = f"conv_{number}"
            values = layers.conv(name, filters, self.kernel)(values)
            values = layers.activated(values, name, self.activation, maps=True)
            values = keras.layers.MaxPooling2D(POOL, name=f"{name}_pooled")(values)
        values = layers.dense("hidden_1", self.dense)(keras.layers.Flatten(name="flatten")(values))
        return layers.activated(values, "hidden_1", self.activation)
