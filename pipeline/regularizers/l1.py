"""L1: a penalty proportional to the absolute weights (Tibshirani 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class L1(Regularizer):
    """Add `strength * sum(abs(w))` over every kernel to the loss; biases are free."""

    family: ClassVar[str] = "weights"
    strength: float = Field(gt=0)

    def kernel_penalty(self) -> keras.Regularizer:
        """Return Keras' L1 penalty. Adam gives small weights, not exact zeros."""
        import keras

        return keras.regularizers.L1(self.strength)
