"""What a network is: the layers between the images and the logits, and what methods may act on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:  # Keras takes seconds to import, and only training needs it.
    import keras

    from pipeline.networks.layers import Layers

Activation = Literal["relu", "tanh", "sigmoid", "elu", "gelu"]
Size = Annotated[int, Field(ge=1)]


class Network(BaseModel):
    """The hidden part of a network; its fields are its keys in `params.yaml`.

    A subclass imports Keras inside its methods. It makes every layer that has a kernel or an activation with
    the `layers` that it is given: they carry the seeds, and whatever a method adds. `OFFERS` says on what
    methods may act.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    OFFERS: ClassVar[frozenset[str]] = frozenset({"input", "kernels", "activations"})

    def features(self, images: keras.KerasTensor, layers: Layers) -> keras.KerasTensor:
        """Return the output (B, units) of the last hidden layer, of images (B, height, width[, channels])."""
        raise NotImplementedError

    @property
    def depth(self) -> int:
        """Return the number of hidden layers."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Return how wide it is: the units of its widest layer of units."""
        raise NotImplementedError

    @property
    def described(self) -> str:
        """Return what it is, in a few words."""
        raise NotImplementedError

    def work(self, image_shape: tuple[int, ...]) -> int:
        """Return about how many multiplications an image takes, as fast as those of a matrix product.

        It weighs a run in estimates of time, and changes no result. Here: of `depth` layers of `width` units.
        """
        return math.prod(image_shape) * self.width + (self.depth - 1) * self.width**2

    def faults(self, image_shape: tuple[int, ...]) -> Iterator[str]:
        """Yield what does not fit images (height, width[, channels]): `field: expected ..., received ...`."""
        yield from ()
