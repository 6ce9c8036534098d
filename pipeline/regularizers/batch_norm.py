"""Batch normalization of every hidden layer, before its activation (Ioffe & Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class BatchNorm(Regularizer):
    """Normalise with the batch's statistics; at inference with their moving average of `momentum`."""

    family: ClassVar[str] = "normalization"
    momentum: float = Field(gt=0, lt=1)

    def before_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one normalization layer."""
        import keras

        return [keras.layers.BatchNormalization(momentum=self.momentum, name=f"{hidden}_batch_norm")]
