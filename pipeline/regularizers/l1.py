"""L1: a penalty proportional to the absolute weights (Tibshirani 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class L1(Regularizer):
    """Add `strength * sum(abs(w))` over every kernel to the loss, or take `proximal` steps; biases are free.

    The subgradient of the penalty gives small weights, not exact zeros. With `proximal` nothing is added to
    the loss; after each update every kernel takes the step

        w <- sign(w) * max(abs(w) - learning_rate * strength, 0),

    the proximal operator of the penalty (Parikh & Boyd 2014, section 6.5.2), which gives exact zeros. With
    plain gradient descent this is the proximal gradient method (section 4.2). Adam scales the step of each
    weight, and the exact operator in its metric would scale the threshold alike: up where the gradients are
    small. Here the threshold is the same for all weights, as decoupled weight decay is (Loshchilov & Hutter
    2019), so that one strength means the same for every weight. It counts per learning rate, not per loss, so
    that Adam needs strengths of another size than for the penalty.
    """

    family: ClassVar[str] = "weights"
    strength: float = Field(gt=0)
    proximal: bool = False

    def kernel_penalty(self) -> keras.Regularizer | None:
        """Return Keras' L1 penalty, or none where the proximal step takes its place."""
        import keras

        return None if self.proximal else keras.regularizers.L1(self.strength)

    def adjust_optimizer(self, optimizer: keras.Optimizer) -> None:
        """Let the proximal step follow the update of each kernel, before averages and constraints."""
        if not self.proximal:
            return
        import tensorflow as tf

        update = optimizer.update_step

        def update_and_shrink(gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
            update(gradient, variable, learning_rate)
            if "kernel" in variable.name.rpartition("/")[2]:
                threshold = tf.cast(learning_rate, variable.dtype) * self.strength
                variable.assign(tf.sign(variable) * tf.nn.relu(tf.abs(variable) - threshold))

        optimizer.update_step = update_and_shrink
