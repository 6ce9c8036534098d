"""What a regularizer may change in a training run. A hook does nothing until a subclass overrides it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:  # Keras takes seconds to import, and only training needs it.
    import keras
    import tensorflow as tf

    Targets = list[tuple[tf.Tensor, tf.Tensor]]  # weights () and labels (B,)
    Batch = tuple[tf.Tensor, Targets]  # images (B, ...), and what they are trained towards

ACTS_ON = {
    "input_layers": "input",
    "kernel_penalty": "kernels",
    "kernel_constraint": "kernels",
    "before_activation": "activations",
    "after_activation": "activations",
    "after_maps": "maps",
}  # what of a network a hook acts on


class Regularizer(BaseModel):
    """A regularization method; its fields are its keys in `params.yaml`.

    A subclass overrides the hooks it needs and imports Keras inside them. `seed(name)` returns the seed of
    a random layer: the same seed in all variants of a replicate, and another one in every replicate. Nothing
    else may be random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    EXCLUSIVE: ClassVar[tuple[str, ...]] = ("kernel_constraint", "loss")  # at most one of a variant uses it
    family: ClassVar[str]  # what it acts on; the figures use one colour per family

    def kernel_penalty(self) -> keras.Regularizer | None:
        """Return the penalty on every kernel, added to the training loss."""
        return None

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint | None:
        """Return the constraint applied to every hidden kernel after each update.

        A kernel is (inputs, units), of `rank` 2, or (height, width, inputs, filters), of rank 4.
        """
        return None

    def batch_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return the layers that a batch passes before the network, in training alone.

        Each is called as `layer(images, targets)` and returns both. Images (B, ...) run from 0 to 1. Targets
        are pairs of a weight () and labels (B,): at first one pair, of weight 1. The loss is the sum over the
        pairs of weight times the loss of the labels.
        """
        return []

    def input_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return the layers between the input and the first hidden layer."""
        return []

    def before_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return the layers between the affine map of hidden layer `hidden` and its activation."""
        return []

    def after_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return the layers after the activation of hidden layer `hidden`."""
        return []

    def after_maps(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        """Return the layers after the activation of hidden layer `hidden` that puts out feature maps.

        They stand behind those that `after_activation` returns. Maps are (B, height, width, channels).
        """
        return []

    def loss(self) -> keras.Loss | None:
        """Return the loss of integer labels (B,) and logits (B, C) to train on instead of cross-entropy."""
        return None

    def adjust_optimizer(self, optimizer: keras.Optimizer) -> None:
        """Change the freshly made optimizer in place."""

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Return the callbacks; at the end of an epoch they receive the row of the history as `logs`."""
        return []

    @classmethod
    def watches(cls) -> bool:
        """Tell whether it has callbacks, for which a run is scored after every epoch."""
        return cls.uses("callbacks")

    @classmethod
    def needs(cls) -> set[str]:
        """Return what a network must offer for it to act on: `input`, `kernels`, `activations`, `maps`."""
        return {offer for hook, offer in ACTS_ON.items() if cls.uses(hook)}

    @classmethod
    def uses(cls, hook: str) -> bool:
        """Tell whether it overrides a hook."""
        return getattr(cls, hook) is not getattr(Regularizer, hook)
