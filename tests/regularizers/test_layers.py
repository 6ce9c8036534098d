"""What acts on the activations: dropout, Gaussian noise, batch and layer normalization."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.training.trainer import train
from tests.asking import dense
from tests.regularizers import building

MakeRun = Callable[..., Run]
DROPOUT: dict[str, Any] = {"dropout": {"rate": 0.25}}
NOISE: dict[str, Any] = {"gaussian_noise": {"stddev": 0.3}}
BATCH_NORM: dict[str, Any] = {"batch_norm": {"momentum": 0.9}}
LAYER_NORM: dict[str, Any] = {"layer_norm": {"epsilon": 0.01}}


def names(model: keras.Model) -> list[str]:
    """The layers after the input."""
    return [layer.name for layer in model.layers[1:]]


def test_dropout_follows_every_hidden_activation(tiny_run: MakeRun) -> None:
    model = building.network(tiny_run(network=dense(16, 8), regularizers=DROPOUT))
    assert names(model) == [
        "flatten",
        "hidden_1",
        "hidden_1_relu",
        "hidden_1_dropout",
        "hidden_2",
        "hidden_2_relu",
        "hidden_2_dropout",
        "logits",
    ]


def test_noise_is_added_to_the_input_alone(tiny_run: MakeRun) -> None:
    model = building.network(tiny_run(network=dense(16, 8), regularizers=NOISE))
    assert names(model) == [
        "flatten",
        "input_noise",
        "hidden_1",
        "hidden_1_relu",
        "hidden_2",
        "hidden_2_relu",
        "logits",
    ]


@pytest.mark.parametrize("mix", [BATCH_NORM, LAYER_NORM], ids=["batch_norm", "layer_norm"])
def test_normalization_stands_before_every_hidden_activation(tiny_run: MakeRun, mix: dict[str, Any]) -> None:
    (name,) = mix
    model = building.network(tiny_run(network=dense(16, 8), regularizers=mix | DROPOUT))
    assert names(model) == [
        "flatten",
        "hidden_1",
        f"hidden_1_{name}",
        "hidden_1_relu",
        "hidden_1_dropout",
        "hidden_2",
        f"hidden_2_{name}",
        "hidden_2_relu",
        "hidden_2_dropout",
        "logits",
    ]


def noisy_layer(run: Run) -> keras.Layer:
    model = building.network(run)
    return next(layer for layer in model.layers if hasattr(layer, "seed"))


def test_dropout_zeroes_its_share_and_scales_the_rest(tiny_run: MakeRun) -> None:
    layer = noisy_layer(tiny_run(regularizers=DROPOUT))
    received = layer(np.full((100, 1000), 3.0, np.float32), training=True).numpy()
    assert set(np.unique(received).tolist()) == {0.0, 4.0}  # 3 / (1 - 0.25)
    # 100,000 draws: five standard deviations of the share are 0.007.
    assert np.mean(received == 0) == pytest.approx(0.25, abs=0.007)


def test_noise_has_its_standard_deviation(tiny_run: MakeRun) -> None:
    layer = noisy_layer(tiny_run(regularizers=NOISE))
    received = layer(np.full((100, 1000), 0.5, np.float32), training=True).numpy()
    # 100,000 draws: five standard errors are 0.0047 of the mean, 0.0034 of the deviation.
    assert received.mean() == pytest.approx(0.5, abs=0.0047)
    assert received.std() == pytest.approx(0.3, abs=0.0034)


@pytest.mark.parametrize("parts", [DROPOUT, NOISE], ids=["dropout", "noise"])
def test_noise_is_the_seed_s_and_only_while_training(tiny_run: MakeRun, parts: dict[str, Any]) -> None:
    ones = np.ones((5, 100), np.float32)
    first, same_seed, other_seed = (
        noisy_layer(tiny_run(regularizers=parts, noise_seed=seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first(ones, training=False).numpy(), ones)
    mask = first(ones, training=True).numpy()
    assert not np.array_equal(mask, ones)
    assert np.array_equal(same_seed(ones, training=True).numpy(), mask)
    assert not np.array_equal(other_seed(ones, training=True).numpy(), mask)
    assert not np.array_equal(first(ones, training=True).numpy(), mask)  # a new one for every batch


def test_the_masks_of_two_layers_differ(tiny_run: MakeRun) -> None:
    model = building.network(tiny_run(network=dense(16, 16), regularizers=DROPOUT))
    ones = np.ones((5, 100), np.float32)
    first, second = (model.get_layer(f"hidden_{n}_dropout")(ones, training=True).numpy() for n in (1, 2))
    assert not np.array_equal(first, second)


def test_every_epoch_draws_other_masks(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    still = {"name": "sgd", "learning_rate": 1e-30}  # only the masks can change the loss
    result = train(tiny_run(regularizers=DROPOUT, optimizer=still), tiny_data)
    assert len(set(result.history["loss"].tolist())) == 3
    assert len(set(result.history["train_cross_entropy"].tolist())) == 1


def test_batch_normalization_normalises_with_the_batch_and_remembers_it(tiny_run: MakeRun) -> None:
    model = building.network(tiny_run(regularizers=BATCH_NORM))
    layer = model.get_layer("hidden_1_batch_norm")
    batch = np.random.default_rng(0).normal(2.0, 3.0, (50, 16)).astype(np.float32)
    mean, variance = batch.mean(axis=0), batch.var(axis=0)
    received = layer(batch, training=True).numpy()
    # Keras adds 0.001 to the variance.
    assert received == pytest.approx((batch - mean) / np.sqrt(variance + 1e-3), abs=1e-5)
    moving_mean, moving_variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    assert moving_mean == pytest.approx(0.9 * 0.0 + 0.1 * mean, rel=1e-4, abs=1e-6)
    assert moving_variance == pytest.approx(0.9 * 1.0 + 0.1 * variance, rel=1e-4)
    inferred = layer(batch, training=False).numpy()
    assert inferred == pytest.approx((batch - moving_mean) / np.sqrt(moving_variance + 1e-3), abs=1e-5)
    assert np.array_equal(layer.moving_mean.numpy(), moving_mean)


def test_a_replicate_starts_from_fresh_moving_averages(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    run = tiny_run(regularizers=BATCH_NORM)
    first, repeated = train(run, tiny_data), train(run, tiny_data)
    for name in ("moving_mean", "moving_variance"):
        path = f"hidden_1_batch_norm/{name}"
        assert np.array_equal(first.weights[path], repeated.weights[path])
        assert first.weights[path].std() > 0


def test_layer_normalization_normalises_every_image_by_itself(tiny_run: MakeRun) -> None:
    layer = building.network(tiny_run(regularizers=LAYER_NORM)).get_layer("hidden_1_layer_norm")
    rng = np.random.default_rng(0)
    batch = rng.normal(2.0, 3.0, (50, 16)).astype(np.float32)
    gain, shift = (rng.normal(1.0, 0.5, 16).astype(np.float32) for _ in range(2))
    layer.gamma.assign(gain)
    layer.beta.assign(shift)
    wide = batch.astype(np.float64)
    centred = wide - wide.mean(axis=1, keepdims=True)
    expected = gain * centred / np.sqrt(wide.var(axis=1, keepdims=True) + 0.01) + shift
    for training in (True, False):
        assert layer(batch, training=training).numpy() == pytest.approx(expected, abs=1e-5)
    assert layer(batch[:1]).numpy() == pytest.approx(expected[:1], abs=1e-5)  # whatever else is in the batch
