"""Dropout: hidden units are dropped at random during training (Srivastava et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class Dropout(Regularizer):
    """Drop every hidden activation with probability `rate` and scale the rest by `1 / (1 - rate)`."""

    family: ClassVar[str] = "noise"
    rate: float = Field(gt=0, lt=1)

    def after_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one dropout layer; it does nothing at inference."""
        import keras

        name = f"{hidden}_dropout"
        return [keras.layers.Dropout(self.rate, seed=seed(name), name=name)]
