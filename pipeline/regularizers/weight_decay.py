"""Decoupled weight decay: weights shrink apart from the gradient step (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class WeightDecay(Regularizer):
    """Subtract `learning_rate * rate * w` from every kernel before each update; nothing else decays."""

    family: ClassVar[str] = "weights"
    rate: float = Field(gt=0)

    def adjust_optimizer(self, optimizer: keras.Optimizer) -> None:
        """Switch the optimizer's decay on, except for biases and normalization, which Keras would include."""
        optimizer.weight_decay = self.rate
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
