"""Weight averaging: the network is a moving average of the weights that it had (Polyak & Juditsky 1992)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class WeightAveraging(Regularizer):
    """Keep `average = momentum * average + (1 - momentum) * w` over the updates; it is the trained network.

    The average begins with the weights after the first update. The training itself goes on with the weights
    w, which the averages never touch. After every epoch the averaged network is scored, and what stops or
    chooses by such a score keeps the averages of that epoch. A bound on the weights (`max_norm`) is applied
    to the averages too. The moving statistics of batch normalization stay those of w, and averages of exact
    zeros (`l1` with `proximal`) and other values are not zero.
    """

    family: ClassVar[str] = "averaging"
    momentum: float = Field(gt=0, lt=1, examples=[0.98])

    def adjust_optimizer(self, optimizer: keras.Optimizer) -> None:
        """Switch Keras' exponential moving average on; the engine puts it in the place of the weights."""
        optimizer.use_ema = True
        optimizer.ema_momentum = self.momentum
