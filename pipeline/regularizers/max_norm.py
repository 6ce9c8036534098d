"""Max-norm: a bound on the norm of a hidden unit's incoming weights (Srebro & Shraibman 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras


class MaxNorm(Regularizer):
    """Rescale, after each update, every hidden unit's weights whose Euclidean norm exceeds `limit`."""

    family: ClassVar[str] = "weights"
    limit: float = Field(gt=0)

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint:
        """Return Keras' max-norm over all axes but the last, which numbers the units."""
        import keras

        return keras.constraints.MaxNorm(self.limit, axis=list(range(rank - 1)))
