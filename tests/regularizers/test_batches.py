"""What acts on a batch before the network, against numpy: augmentation and mixup."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.regularizers.augmentation import Augmentation
from pipeline.regularizers.label_smoothing import LabelSmoothing
from pipeline.regularizers.mixup import Mixup
from pipeline.training.engine import Engine, weighted
from pipeline.training.optimizers import FusedSGD
from pipeline.training.trainer import train

MakeRun = Callable[..., Run]
STILL = {"name": "sgd", "learning_rate": 1e-30}  # the weights stay where they were
MIX: dict[str, Any] = {"mixup": {"alpha": 0.7}}
SHIFT: dict[str, Any] = {"augmentation": {"pixels": 2}}


def augmentation(pixels: int, seed: int = 1) -> keras.Layer:
    (layer,) = Augmentation(pixels=pixels).batch_layers(lambda name: seed)
    return layer


def mixup(alpha: float, seed: int = 1) -> keras.Layer:
    (layer,) = Mixup(alpha=alpha).batch_layers(lambda name: seed)
    return layer


def targets(labels: np.ndarray) -> list[tuple[tf.Tensor, tf.Tensor]]:
    return [(tf.ones(()), tf.constant(labels, tf.int32))]


# ---- augmentation ----


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """An image (h, w, ...) moved by hand, pixel by pixel."""
    moved = np.zeros_like(image)
    height, width = image.shape[:2]
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                moved[row, column] = image[row - down, column - right]
    return moved


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)], ids=["grey", "colours"])
def test_every_image_is_shifted_by_whole_pixels_and_filled_with_zeros(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).uniform(0.1, 1, (400, *shape)).astype(np.float32)
    labels = np.arange(400) % 10
    received, after = augmentation(2)(tf.constant(images), targets(labels))
    ((weight, kept),) = after
    assert float(weight) == 1.0
    assert np.array_equal(kept, labels)
    counts: dict[tuple[int, int], int] = {}
    for image, result in zip(images, received.numpy(), strict=True):
        (move,) = (
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(shifted(image, down, right), result)
        )
        counts[move] = counts.get(move, 0) + 1
    assert len(counts) == 25  # each of them is drawn: 16 times in the mean
    assert max(counts.values()) < 36  # five standard deviations above it


def test_a_new_batch_has_new_shifts_that_the_seed_decides() -> None:
    images = tf.constant(np.random.default_rng(0).uniform(0.1, 1, (50, 6, 6)), tf.float32)
    labels = np.zeros(50)

    def two(layer: keras.Layer) -> list[np.ndarray]:
        return [layer(images, targets(labels))[0].numpy() for _ in range(2)]

    first, same, other = two(augmentation(1)), two(augmentation(1)), two(augmentation(1, seed=2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], other[0])


def test_what_is_no_image_cannot_be_shifted() -> None:
    expected = r"augmentation: expected images \(B, h, w\) or \(B, h, w, c\), received \(3, 784\)"
    with pytest.raises(ValueError, match=expected):
        augmentation(1)(tf.zeros((3, 784)), targets(np.zeros(3)))


# ---- mixup ----


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)], ids=["grey", "colours"])
def test_images_are_mixed_with_a_permutation_of_the_batch(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).uniform(size=(20, *shape)).astype(np.float32)
    labels = np.arange(20, dtype=np.int32)  # each tells which image it belongs to
    mixed, ((share, first), (rest, second)) = mixup(1.0)(tf.constant(images), targets(labels))
    assert np.array_equal(first, labels)
    assert sorted(np.asarray(second)) == labels.tolist()
    assert not np.array_equal(first, second)
    assert float(share + rest) == pytest.approx(1)
    expected = float(share) * images.astype(np.float64) + float(rest) * images[np.asarray(second)]
    assert mixed.numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.001, 0.2, 1.0, 8.0])
def test_the_share_has_the_moments_of_its_beta_distribution(alpha: float) -> None:
    layer, count = mixup(alpha), 4000

    def draw() -> tf.Tensor:
        _, ((share, _), _) = layer(tf.zeros((2, 1, 1)), [(tf.ones(()), tf.zeros(2, tf.int32))])
        return share

    drawn = tf.function(draw)
    shares = np.array([float(drawn()) for _ in range(count)])
    assert np.isfinite(shares).all()
    assert 0 <= shares.min() <= shares.max() <= 1
    variance = 1 / (4 * (2 * alpha + 1))
    assert shares.mean() == pytest.approx(0.5, abs=5 * (variance / count) ** 0.5)
    # The standard error of a variance is at most variance * sqrt(2 / n) for what is no heavier than normal.
    assert shares.var() == pytest.approx(variance, abs=5 * variance * (2 / count) ** 0.5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_loss_is_the_mixture_of_the_losses(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 4)).astype(np.float32)
    labels = rng.integers(0, 4, 20)
    images = tf.zeros((20, 2, 2))
    _, pairs = mixup(1.0)(images, targets(labels))
    ((share, _), (_, second)) = pairs
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = LabelSmoothing(smoothing=smoothing).loss() if smoothing else plain
    lam = float(share)
    mixture = lam * np.eye(4)[labels] + (1 - lam) * np.eye(4)[np.asarray(second)]
    soft = (1 - smoothing) * mixture + smoothing / 4  # the cross-entropy is linear in its target
    wide = logits.astype(np.float64)
    log_p = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    expected = -(soft * log_p).sum(axis=1).mean()
    assert float(weighted(loss, pairs, tf.constant(logits))) == pytest.approx(expected, rel=1e-5)


# ---- in the training ----


@pytest.mark.parametrize("parts", [SHIFT, MIX, SHIFT | MIX], ids=["shift", "mix", "both"])
def test_they_act_in_training_alone(tiny_run: MakeRun, tiny_data: Replicate, parts: dict[str, Any]) -> None:
    plain, result = (train(tiny_run(regularizers=mix, optimizer=STILL), tiny_data) for mix in ({}, parts))
    assert result.final == plain.final
    assert len(set(result.history["loss"].tolist())) == 3  # an epoch draws other noise than the last
    assert result.weights.keys() == plain.weights.keys()


def test_an_epoch_takes_the_steps_of_plain_gradient_descent_on_mixed_batches() -> None:
    """The network is one matrix, so that the gradient is known: x.T (softmax - mixed targets) / B."""
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(12, 6, 5)).astype(np.float32)
    labels = rng.integers(0, 4, 12).astype(np.int32)
    order = rng.permutation(12).astype(np.int32)
    model = keras.Sequential(
        [keras.Input((6, 5)), keras.layers.Flatten(), keras.layers.Dense(4, use_bias=False)]
    )
    kernel = model.weights[0].numpy().astype(np.float64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    engine = Engine(model, loss, FusedSGD(0.5), 4, [augmentation(1), mixup(1.0)])
    losses = []
    twins = augmentation(1), mixup(1.0)
    for start in (0, 4, 8):
        batch = order[start : start + 4]
        seen, pairs = tf.constant(images[batch]), targets(labels[batch])
        for twin in twins:
            seen, pairs = twin(seen, pairs)
        signal = seen.numpy().reshape(4, -1).astype(np.float64)
        soft = sum(float(weight) * np.eye(4)[np.asarray(chosen)] for weight, chosen in pairs)
        powers = np.exp(signal @ kernel)
        shares = powers / powers.sum(axis=1, keepdims=True)
        losses.append(-(soft * np.log(shares)).sum(axis=1).mean())
        kernel -= 0.5 * signal.T @ (shares - soft) / 4
    (row,) = engine.fit(tf.constant(images), tf.constant(labels), lambda _: order, epochs=1, score=dict)
    assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert model.weights[0].numpy() == pytest.approx(kernel, abs=1e-5)
