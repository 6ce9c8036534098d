"""Spatial dropout: whole feature maps are dropped at random during training (Tompson et al. 2015)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class SpatialDropout(Regularizer):
    """Drop every feature map with probability `rate` and scale the rest by `1 / (1 - rate)`."""

    family: ClassVar[str] = "noise"
    rate: float = Field(gt=0, lt=1, examples=[0.3])

    def after_maps(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one layer; it does nothing at inference."""
        import keras

        name = f"{hidden}_spatial_dropout"
        return [keras.layers.SpatialDropout2D(self.rate, seed=seed(name), name=name)]
