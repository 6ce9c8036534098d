"""L2: a penalty proportional to the squared weights (Hoerl & Kennard 1970)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class L2(Regularizer):
    """Add `strength * sum(w ** 2)` (without the half) over every kernel to the loss; biases are free."""

    family: ClassVar[str] = "weights"
    strength: float = Field(gt=0)

    def kernel_penalty(self) -> keras.Regularizer:
        """Return Keras' L2 penalty."""
        import keras

        return keras.regularizers.L2(self.strength)
