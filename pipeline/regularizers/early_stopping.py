"""Early stopping on the validation cross-entropy (Prechelt 1998)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class EarlyStopping(Regularizer):
    """Stop after `patience` epochs without a better validation cross-entropy; keep the best weights."""

    family: ClassVar[str] = "stopping"
    patience: int = Field(ge=1)

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Return Keras' callback, which restores the weights of the best epoch even if it never stops."""
        import keras

        return [
            keras.callbacks.EarlyStopping(
                monitor="validation_cross_entropy",
                mode="min",
                patience=self.patience,
                restore_best_weights=True,
            )
        ]
