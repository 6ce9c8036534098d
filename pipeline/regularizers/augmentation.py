"""Augmentation: an image is shifted at random every time it is trained on (Simard et al. 2003)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.regularizers.base import Regularizer

if TYPE_CHECKING:
    import keras

    from pipeline.regularizers.base import Batch, Targets


class Augmentation(Regularizer):
    """Shift every training image by up to `pixels` whole pixels along each side; zeros fill the border.

    The two shifts of an image are drawn apart, uniformly from -pixels, ..., pixels, anew for every batch.
    """

    family: ClassVar[str] = "data"
    pixels: int = Field(ge=1, examples=[1])

    def batch_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return one layer, which moves images (B, h, w) or (B, h, w, c) and leaves the targets alone."""
        import keras
        import tensorflow as tf

        pixels = self.pixels

        class Shift(keras.Layer):
            def __init__(self, seed: int, name: str) -> None:
                super().__init__(name=name)
                self.seed = seed
                self.seed_generator = keras.random.SeedGenerator(seed)

            def call(self, images: tf.Tensor, targets: Targets) -> Batch:
                if len(images.shape) not in (3, 4):
                    raise ValueError(
                        f"augmentation: expected images (B, h, w) or (B, h, w, c), received {images.shape}"
                    )
                height, width = images.shape[1:3]
                border = [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]][: len(images.shape)]
                count = tf.shape(images)[0]
                # Where the window on the padded image begins; the image moves the other way.
                corner = keras.random.randint((2, count, 1), 0, 2 * pixels + 1, seed=self.seed_generator)
                rows, columns = corner[0] + tf.range(height), corner[1] + tf.range(width)
                windows = tf.gather(tf.pad(images, border), rows, axis=1, batch_dims=1)
                return tf.gather(windows, columns, axis=2, batch_dims=1), targets

        name = "augmentation"
        return [Shift(seed(name), name)]
