"""Mixup: training on mixtures of two images and of their losses (Zhang et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipeline.regularizers.base import Batch, Targets


class Mixup(Regularizer):
    """Train on `lam * x1 + (1 - lam) * x2` with the loss `lam * loss(y1) + (1 - lam) * loss(y2)`.

    lam ~ Beta(alpha, alpha). As in the authors' program, a batch has one lam and is mixed with a permutation
    of itself. The loss is whichever is trained on: with label smoothing, both labels are smoothed.
    """

    family: ClassVar[str] = "data"
    alpha: float = Field(gt=0, examples=[0.2])

    def batch_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one layer, which mixes the images (B, ...) and makes two targets of each."""
        import keras

        alpha, ops = self.alpha, keras.ops

        class Mix(keras.Layer):
            def __init__(self, seed: int, name: str) -> None:
                super().__init__(name=name)
                self.seed = seed
                self.seed_generator = keras.random.SeedGenerator(seed)

            def call(self, images: tf.Tensor, targets: Targets) -> Batch:
                share = ops.sigmoid(self._log_gamma() - self._log_gamma())
                partners = keras.random.shuffle(ops.arange(ops.shape(images)[0]), seed=self.seed_generator)
                mixed = share * images + (1 - share) * ops.take(images, partners, axis=0)
                first = [(share * weight, labels) for weight, labels in targets]
                second = [((1 - share) * weight, ops.take(labels, partners)) for weight, labels in targets]
                return mixed, first + second

            def _log_gamma(self) -> tf.Tensor:
                """Return log X of X ~ Gamma(alpha), of which X / (X + Y) ~ Beta(alpha, alpha).

                X = G * U ** (1 / alpha), G ~ Gamma(alpha + 1), U uniform (Marsaglia & Tsang 2000, section 6):
                the logarithm is finite also where X itself would be zero in float32.
                """
                raised = keras.random.gamma((), alpha + 1, seed=self.seed_generator)
                uniform = 1 - keras.random.uniform((), seed=self.seed_generator)  # in (0, 1]
                return ops.log(raised) + ops.log(uniform) / alpha

        name = "mixup"
        return [Mix(seed(name), name)]
