"""Label smoothing: the target shares a little of its mass among all classes (Szegedy et al. 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class LabelSmoothing(Regularizer):
    """Train on `(1 - smoothing) * one_hot + smoothing / C` instead of the one-hot label."""

    family: ClassVar[str] = "targets"
    smoothing: float = Field(gt=0, lt=1)

    def loss(self) -> keras.Loss:
        """Return the cross-entropy against smoothed labels; Keras' sparse loss has no label smoothing."""
        import keras

        smoothing = self.smoothing

        class SmoothedCrossentropy(keras.Loss):
            def call(self, labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
                one_hot = keras.ops.one_hot(labels, logits.shape[-1])
                return keras.losses.categorical_crossentropy(
                    one_hot, logits, from_logits=True, label_smoothing=smoothing
                )

        return SmoothedCrossentropy()
