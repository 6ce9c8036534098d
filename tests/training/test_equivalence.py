"""The fast trainer against plain Keras: `fit` with stock layers and optimizers on the same batches.

How far they may differ, in float32, after 21 steps:

- Gradient descent gives the same bits, but for batch normalization (measured: 1e-7).
- Adam moves by another 6e-6 of its step, for in float32 `1 - beta_2` is 0.001 to Keras and 0.00099999 to
  TensorFlow's kernel (measured: 4e-6 of the loss, 9e-7 of the weights).
- Adam divides a gradient by its size. Where the gradient is rounding noise alone, of a bias that batch
  normalization subtracts again, the noise decides how it moves (measured: 2e-4 of the bias, and 1e-4 of
  the moving mean, which contains it). L1 has a kink at zero: a weight that lands there on the other side
  is pushed the other way (measured: one of 12,544 weights, by 3e-4). Both are far below 21 steps of 0.001.

The activation is tanh, because relu has a kink too.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipeline import questions
from pipeline.datasets.prepared import Replicate
from pipeline.datasets.seeds import batch_order
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense

MakeRun = Callable[..., Run]
Mix = dict[str, dict[str, Any]]
Batch = tuple[np.ndarray, np.ndarray]

ADAM = {"name": "adam", "learning_rate": 0.001}
SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
# What `network` below can say in plain Keras, and has the same random numbers there: none.
KNOWN = {
    "l1",
    "l2",
    "batch_norm",
    "layer_norm",
    "max_norm",
    "label_smoothing",
    "weight_averaging",
    "weight_decay",
    "early_stopping",
}


def mixes() -> dict[str, Mix]:
    """Every variant of `params.yaml` that plain Keras can repeat, and all that get along at once."""
    declared = questions.load(Path(__file__).parents[2] / "params.yaml").variants
    found: dict[str, Mix] = {
        name: {part: regularizer.model_dump() for part, regularizer in mixes[0].regularizers.items()}
        for name, mixes in declared.items()
    }
    everything: Mix = {
        "batch_norm": {"momentum": 0.8},
        "l2": {"strength": 2e-3},
        "label_smoothing": {"smoothing": 0.2},
        "max_norm": {"limit": 0.9},
        "weight_decay": {"rate": 0.2},
    }
    further: dict[str, Mix] = {
        "layer_norm": {"layer_norm": {"epsilon": 0.001}},
        "weight_averaging": {"weight_averaging": {"momentum": 0.9}},
        "averaged and decayed": {
            "batch_norm": {"momentum": 0.8},
            "layer_norm": {"epsilon": 0.01},
            "weight_averaging": {"momentum": 0.8},
            "weight_decay": {"rate": 0.2},
        },
    }
    return {"baseline": {}, **found, "everything": everything, **further}


MIXES = {name: mix for name, mix in mixes().items() if mix.keys() <= KNOWN}


def network(run: Run) -> keras.Model:
    """The network that a user of plain Keras would write."""
    mix = run.regularizers
    ((kind, shape),) = run.network.items()
    l1, l2 = (mix.get(name, {}).get("strength", 0.0) for name in ("l1", "l2"))

    def hidden(layer: type[keras.Layer], *size: int, axis: list[int], **same: str) -> Iterator[keras.Layer]:
        ball = keras.constraints.MaxNorm(mix["max_norm"]["limit"], axis=axis) if "max_norm" in mix else None
        yield layer(*size, kernel_regularizer=keras.regularizers.L1L2(l1, l2), kernel_constraint=ball, **same)
        if "batch_norm" in mix:
            yield keras.layers.BatchNormalization(momentum=mix["batch_norm"]["momentum"])
        if "layer_norm" in mix:
            yield keras.layers.LayerNormalization(epsilon=mix["layer_norm"]["epsilon"])
        yield keras.layers.Activation(shape["activation"])

    stack = [keras.Input((28, 28))]
    if kind == "conv":
        stack.append(keras.layers.Reshape((28, 28, 1)))
        for filters in shape["filters"]:
            stack += hidden(keras.layers.Conv2D, filters, shape["kernel"], axis=[0, 1, 2], padding="same")
            stack.append(keras.layers.MaxPooling2D())
    stack.append(keras.layers.Flatten())
    for units in shape["hidden"] if kind == "dense" else [shape["dense"]]:
        stack += hidden(keras.layers.Dense, units, axis=[0])
    stack.append(keras.layers.Dense(10, kernel_regularizer=keras.regularizers.L1L2(l1, l2)))
    return keras.Sequential(stack)


def stock_optimizer(run: Run, model: keras.Model) -> keras.Optimizer:
    spec, decay = run.optimizer, run.regularizers.get("weight_decay", {}).get("rate")
    rate: Any = spec.learning_rate
    if spec.schedule == "cosine":
        steps = run.epochs * math.ceil(run.train_size / run.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    further: dict[str, Any] = {"weight_decay": decay}
    if "weight_averaging" in run.regularizers:
        momentum = run.regularizers["weight_averaging"]["momentum"]
        further |= {"use_ema": True, "ema_momentum": momentum}
    made = (
        keras.optimizers.Adam(rate, **further)
        if spec.name == "adam"
        else keras.optimizers.SGD(rate, momentum=spec.momentum, **further)
    )
    if decay:
        vectors = [variable for variable in model.trainable_variables if len(variable.shape) == 1]
        made.exclude_from_weight_decay(var_list=vectors)
    return made


def scaled(images: np.ndarray, labels: np.ndarray) -> Batch:
    return images.astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels]


def batches(run: Run, data: Replicate) -> Iterator[Batch]:
    """The batches of one epoch after the other, for ever."""
    images, targets = scaled(data.train_images, data.train_labels)
    for epoch in itertools.count():
        order = batch_order(run.order_seed, epoch, len(images))
        for start in range(0, len(images), run.batch_size):
            batch = order[start : start + run.batch_size]
            yield images[batch], targets[batch]


def plain_fit(run: Run, data: Replicate) -> tuple[list[np.ndarray], list[float]]:
    """Train with `fit`; returns the weights in the order of the layers, and the loss of every epoch."""
    model = network(run)
    model.set_weights(models.build(run, models.regularizers(run), (28, 28), 10).get_weights())
    smoothing = run.regularizers.get("label_smoothing", {}).get("smoothing", 0.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    model.compile(stock_optimizer(run, model), loss, jit_compile=False)
    stopping: dict[str, Any] = {}
    if "early_stopping" in run.regularizers:
        patience = run.regularizers["early_stopping"]["patience"]
        stopping = {
            "validation_data": scaled(data.validation_images, data.validation_labels),
            "callbacks": [
                keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
            ],
        }
    steps = -(-run.train_size // run.batch_size)
    fitted = model.fit(
        batches(run, data),
        steps_per_epoch=steps,
        epochs=run.epochs,
        shuffle=False,
        verbose=0,
        **stopping,
    )
    return model.get_weights(), fitted.history["loss"]


def assert_close(result: Result, weights: list[np.ndarray], losses: list[float]) -> None:
    """Assert what the text on top of this file promises."""
    adam, mix = result.run.optimizer.name == "adam", result.run.regularizers
    assert result.history["loss"] == pytest.approx(losses, rel=0, abs=1e-5 if adam else 1e-6)
    for (name, array), other in zip(result.weights.items(), weights, strict=True):
        assert array.shape == other.shape
        distance = np.abs(array - other)
        assert distance.max() < (5e-3 if adam else 1e-6), name
        if adam and "batch_norm" in mix and name in ("hidden_1/bias", "hidden_1_batch_norm/moving_mean"):
            continue
        assert (distance > 2e-6).mean() <= (1e-3 if "l1" in mix else 0), name


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_training_is_what_fit_does(
    tiny_run: MakeRun, tiny_data: Replicate, mix: Mix, optimizer: dict[str, Any]
) -> None:
    # The last batch of an epoch has 8 of 32 images: 200 is no multiple.
    run = tiny_run(regularizers=mix, optimizer=optimizer, network=dense(16, activation="tanh"), batch_size=32)
    assert_close(train(run, tiny_data), *plain_fit(run, tiny_data))


@pytest.mark.parametrize("optimizer", [ADAM, SGD, SGD | {"momentum": 0.0}], ids=["adam", "momentum", "sgd"])
def test_two_hidden_layers_and_whole_batches(
    tiny_run: MakeRun, tiny_data: Replicate, optimizer: dict[str, Any]
) -> None:
    run = tiny_run(network=dense(16, 8, activation="tanh"), optimizer=optimizer, batch_size=50)
    assert_close(train(run, tiny_data), *plain_fit(run, tiny_data))


def test_stopping_early_is_what_fit_does(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    stop = {"early_stopping": {"patience": 2}}
    run = tiny_run(regularizers=stop, optimizer=SGD, network=dense(16, activation="tanh"), epochs=40)
    result, (weights, losses) = train(run, tiny_data), plain_fit(run, tiny_data)
    assert 3 <= len(losses) < 40
    assert_close(result, weights, losses)


@pytest.mark.parametrize(
    "mix", [{}, {"batch_norm": {"momentum": 0.8}}, {"max_norm": {"limit": 0.5}}], ids=str
)
def test_a_convolutional_network(tiny_run: MakeRun, tiny_data: Replicate, mix: Mix) -> None:
    conv = {"filters": [3, 5], "kernel": 3, "dense": 8, "activation": "tanh"}
    run = tiny_run(network={"conv": conv}, regularizers=mix, optimizer=SGD, epochs=2)
    assert_close(train(run, tiny_data), *plain_fit(run, tiny_data))


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["adam", "sgd"])
def test_a_learning_rate_along_a_cosine(
    tiny_run: MakeRun, tiny_data: Replicate, optimizer: dict[str, Any]
) -> None:
    cosine = optimizer | {"schedule": "cosine"}
    run = tiny_run(network=dense(16, activation="tanh"), optimizer=cosine)
    assert_close(train(run, tiny_data), *plain_fit(run, tiny_data))
    # The graph of a schedule has its length: a longer one is another.
    longer = tiny_run(network=dense(16, activation="tanh"), optimizer=cosine, epochs=5)
    assert_close(train(longer, tiny_data), *plain_fit(longer, tiny_data))
