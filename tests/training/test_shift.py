"""The internal covariate shift: by hand, by formulas written out, and that to measure it changes nothing."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.datasets.prepared import Replicate
from pipeline.datasets.seeds import batch_order
from pipeline.plan import Run
from pipeline.training import models
from pipeline.training.engine import Engine
from pipeline.training.optimizers import FusedSGD
from pipeline.training.shift import CovariateShift
from pipeline.training.trainer import train
from tests.asking import dense

MakeRun = Callable[..., Run]
Weights = dict[str, np.ndarray]
NOISY = {"dropout": {"rate": 0.5}, "gaussian_noise": {"stddev": 0.3}, "batch_norm": {"momentum": 0.9}}
MEASURES = ("shift", "shift_relative", "shift_cosine")


def test_two_weights_by_hand() -> None:
    """L = (w2 w1 x - y)^2 at w1 = 1, w2 = 2, x = 1, y = 0: G1 = 8, G2 = 4.

    A step of 1/16 takes w1 to 1/2, where w2 = 2 has the gradient 2 (w2 w1) w1 = 1.
    """
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(1, use_bias=False, name="low"),
            keras.layers.Dense(1, use_bias=False, name="high"),
        ]
    )
    for variable, value in zip(model.trainable_variables, (1.0, 2.0), strict=True):
        variable.assign([[value]])
    engine = Engine(model, keras.losses.MeanSquaredError(), FusedSGD(1 / 16), 1)
    seen = tf.ones((1, 1)), tf.zeros((1,), tf.int32), lambda epoch: np.zeros(1, np.int32)
    shift = CovariateShift(*seen, batch_size=1, every=1)
    (row,) = engine.fit(*seen, epochs=1, score=shift.means, callbacks=[shift])
    assert [variable.numpy().item() for variable in model.trainable_variables] == [0.5, 1.75]
    assert row == {"loss": 4.0, "shift_high": 3.0, "shift_relative_high": 0.75, "shift_cosine_high": 1.0}


def gradient(weights: Weights, of: str, images: np.ndarray, labels: np.ndarray, l2: float) -> np.ndarray:
    """The gradient of one kernel, in float64, of a tanh network written out, normalized where it has it."""
    tensors = {name: tf.constant(value, tf.float64) for name, value in weights.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        signal = tf.constant(images.reshape(len(images), -1) / 255.0)
        for layer in ("hidden_1", "hidden_2"):
            signal = signal @ tensors[f"{layer}/kernel"] + tensors[f"{layer}/bias"]
            if f"{layer}_batch_norm/gamma" in tensors:
                centred = signal - tf.reduce_mean(signal, 0)
                scale = tf.sqrt(tf.reduce_mean(centred**2, 0) + 1e-3)
                norm = f"{layer}_batch_norm"
                signal = centred / scale * tensors[f"{norm}/gamma"] + tensors[f"{norm}/beta"]
            signal = tf.tanh(signal)
        logits = signal @ tensors["logits/kernel"] + tensors["logits/bias"]
        shares = tf.exp(logits) / tf.reduce_sum(tf.exp(logits), 1, keepdims=True)
        chosen = tf.reduce_sum(shares * np.eye(10)[labels], 1)
        loss = -tf.reduce_mean(tf.math.log(chosen))
        loss += l2 * sum(tf.reduce_sum(v**2) for name, v in tensors.items() if name.endswith("kernel"))
    return np.asarray(tape.gradient(loss, tensors[of]).numpy())


def expected(before: Weights, after: Weights, layer: str, *batch: Any) -> tuple[float, float, float]:
    order = ("hidden_1", "hidden_2", "logits")
    below = tuple(name for name in order[: order.index(layer)])
    mixed = {name: (after if name.startswith(below) else before)[name] for name in before}
    now, moved = (gradient(weights, f"{layer}/kernel", *batch).ravel() for weights in (before, mixed))
    distance = float(np.linalg.norm(now - moved))
    lengths = np.linalg.norm(now), np.linalg.norm(moved)
    return distance, distance / float(lengths[0]), float(now @ moved / lengths[0] / lengths[1])


class Album(keras.callbacks.Callback):
    """The weights at the beginning, and after every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Weights] = []

    def keep(self) -> None:
        self.seen.append({models.weight_name(v): v.numpy() for v in self.model.trainable_variables})

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.keep()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.keep()


@pytest.mark.parametrize("parts", [{}, {"batch_norm": {"momentum": 0.9}}, {"l2": {"strength": 0.01}}])
def test_the_epochs_means_are_those_of_the_formula(
    tiny_run: MakeRun, tiny_data: Replicate, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tiny_run(
        network=dense(16, 8, activation="tanh"),
        optimizer={"name": "sgd", "learning_rate": 0.5},
        regularizers=parts,
        epochs=2,
        shift_every=3,
    )
    album = Album()
    fit: Callable[..., Any] = Engine.fit

    def fit_with_album(*given: Any, callbacks: list[keras.callbacks.Callback], **named: Any) -> Any:
        return fit(*given, callbacks=[album, *callbacks], **named)

    monkeypatch.setattr(Engine, "fit", fit_with_album)
    history = train(run, tiny_data).history
    strength = parts.get("l2", {}).get("strength", 0.0)
    for epoch in range(2):
        order = batch_order(run.order_seed, epoch, run.train_size)
        for layer in ("hidden_2", "logits"):
            found = []
            for number in (0, 3, 6):  # of the 7 batches of an epoch, the last of 8 images
                images, labels = (
                    array[order[32 * number : 32 * number + 32]]
                    for array in (tiny_data.train_images, tiny_data.train_labels)
                )
                before, after = album.seen[7 * epoch + number : 7 * epoch + number + 2]
                found.append(expected(before, after, layer, images, labels, strength))
            for measure, value in zip(MEASURES, np.mean(found, axis=0), strict=True):
                # float32 gradients against float64 ones, and the difference of two of them.
                assert history[f"{measure}_{layer}"][epoch] == pytest.approx(value, rel=1e-3)
    assert not any("hidden_1" in name for name in history)  # below which nothing moves


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_measured_run_has_the_bits_of_one_that_is_not(
    tiny_run: MakeRun, tiny_data: Replicate, name: str
) -> None:
    """Also of masks and moving statistics. `loss` is a mean of means here, rounded once more."""
    optimizer = {"name": name, "learning_rate": 0.01, "momentum": 0.9}
    plain, measured = (
        train(tiny_run(regularizers=NOISY, optimizer=optimizer, shift_every=every), tiny_data)
        for every in (0, 2)
    )
    assert np.array_equal(plain.logits, measured.logits)
    assert plain.final == measured.final
    for path, array in plain.weights.items():
        assert np.array_equal(array, measured.weights[path]), path
    assert set(measured.history) - set(plain.history) == {f"{m}_logits" for m in MEASURES}
    for score in set(plain.history) - {"loss"}:
        assert np.array_equal(plain.history[score], measured.history[score])
    assert measured.history["loss"] == pytest.approx(plain.history["loss"], rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "parts",
    [{"dropout": {"rate": 0.5}}, {"augmentation": {"pixels": 2}, "mixup": {"alpha": 1.0}}],
    ids=["masks", "shifts and mixtures"],
)
def test_the_noise_of_the_step_is_in_both_gradients(
    tiny_run: MakeRun, tiny_data: Replicate, parts: dict[str, Any]
) -> None:
    optimizer = {"name": "sgd", "learning_rate": 1e-30}  # nothing moves, so that only noise could differ
    run = tiny_run(regularizers=parts, optimizer=optimizer, shift_every=1)
    history = train(run, tiny_data).history
    assert history["shift_logits"].tolist() == [0.0] * 3
    assert history["shift_cosine_logits"] == pytest.approx([1.0] * 3)


def test_a_run_that_diverges_is_a_result(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    optimizer = {"name": "sgd", "learning_rate": 1e30}
    result = train(tiny_run(optimizer=optimizer, shift_every=1), tiny_data)
    assert len(result.history["loss"]) == 3  # it goes on to the end
    assert np.isnan(result.history["shift_logits"][-1])
    assert not np.isfinite(result.logits).all()
    for part in ("train", "validation", "test"):
        assert np.isnan(result.final[f"{part}_cross_entropy"])
        assert result.final[f"{part}_error"] == 1.0


def test_the_gradient_is_that_of_the_mixed_batch(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    """A step of plain descent moves a kernel by the gradient that the shift is measured from."""
    parts = {"augmentation": {"pixels": 2}, "mixup": {"alpha": 1.0}}
    rate = 0.5
    run = tiny_run(
        regularizers=parts,
        optimizer={"name": "sgd", "learning_rate": rate},
        batch_size=200,
        epochs=1,
        shift_every=1,
    )
    fresh = {models.weight_name(v): v.numpy() for v in models.build(run, [], (28, 28), 10).weights}
    result = train(run, tiny_data)
    step = np.linalg.norm((result.weights["logits/kernel"] - fresh["logits/kernel"]).astype(np.float64))
    norm = result.history["shift_logits"][0] / result.history["shift_relative_logits"][0]
    assert norm == pytest.approx(step / rate, rel=1e-5)
