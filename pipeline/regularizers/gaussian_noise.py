"""Gaussian noise on the input, close to a Tikhonov penalty when it is small (Bishop 1995)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class GaussianNoise(Regularizer):
    """Add noise of standard deviation `stddev` to the pixels (which run from 0 to 1) while training."""

    family: ClassVar[str] = "noise"
    stddev: float = Field(gt=0)

    def input_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one noise layer; it does nothing at inference."""
        import keras

        name = "input_noise"
        return [keras.layers.GaussianNoise(self.stddev, seed=seed(name), name=name)]
