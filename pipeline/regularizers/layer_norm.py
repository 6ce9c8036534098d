"""Layer normalization of every hidden layer, before its activation (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class LayerNorm(Regularizer):
    """Normalise every image by the mean and variance of its hidden units, in training as at inference.

    `gain * (a - mean) / sqrt(variance + epsilon) + shift`, over the last axis: the units of a dense layer,
    the channels at one position of a convolution. Gain and shift are trained, a pair a unit. Other images of
    the batch play no part.
    """

    family: ClassVar[str] = "normalization"
    epsilon: float = Field(gt=0, examples=[1e-3])

    def before_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one normalization layer."""
        import keras

        return [keras.layers.LayerNormalization(epsilon=self.epsilon, name=f"{hidden}_layer_norm")]
