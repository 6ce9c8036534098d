"""One run, really trained on a few real images: its scores by hand, and its bits again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.system import machine
from pipeline.training import trainer
from pipeline.training.engine import Engine
from pipeline.training.trainer import train

MakeRun = Callable[..., Run]
SCORES = ("train_cross_entropy", "train_error", "validation_cross_entropy", "validation_error")
NOISY = {"dropout": {"rate": 0.5}, "gaussian_noise": {"stddev": 0.3}, "batch_norm": {"momentum": 0.9}}


def identical(one: Result, other: Result) -> bool:
    """Whether two results are the same, bit by bit, but for the time they took."""
    if one.final != other.final or not np.array_equal(one.logits, other.logits):
        return False
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in ((one.history, other.history), (one.weights, other.weights))
    )


def forward(weights: dict[str, np.ndarray], images: npt.NDArray[np.uint8]) -> np.ndarray:
    """Logits of the network with one hidden layer, in float64."""
    pixels = images.reshape(len(images), -1).astype(np.float64) / 255
    hidden = np.maximum(pixels @ weights["hidden_1/kernel"] + weights["hidden_1/bias"], 0)
    return np.asarray(hidden @ weights["logits/kernel"] + weights["logits/bias"])


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    likelihood = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return float(-np.log(likelihood[np.arange(len(labels)), labels]).mean())


def error(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean([row.argmax() != label for row, label in zip(logits, labels, strict=True)]))


@pytest.fixture(scope="module")
def result(tiny_run: MakeRun, tiny_data: Replicate) -> Result:
    return train(tiny_run(), tiny_data)


def test_the_history_has_a_value_an_epoch(result: Result) -> None:
    assert list(result.history) == ["loss", *SCORES]
    for values in result.history.values():
        assert values.shape == (3,)
        assert values.dtype == np.float64
    assert set(result.final) == {*SCORES, "test_cross_entropy", "test_error", "epochs", "best_epoch"}
    assert result.final["epochs"] == 3
    assert result.final["best_epoch"] == 1 + result.history["validation_cross_entropy"].tolist().index(
        min(result.history["validation_cross_entropy"])
    )


def test_it_learns(result: Result) -> None:
    assert result.history["train_cross_entropy"][-1] < result.history["train_cross_entropy"][0] < np.log(10)


def test_the_scores_are_those_of_the_weights(result: Result, tiny_data: Replicate) -> None:
    for part in ("train", "validation", "test"):
        labels = getattr(tiny_data, f"{part}_labels")
        logits = forward(result.weights, getattr(tiny_data, f"{part}_images"))
        # float32 sums of 784 products against float64 ones.
        assert result.final[f"{part}_cross_entropy"] == pytest.approx(cross_entropy(logits, labels), abs=1e-6)
        assert result.final[f"{part}_error"] == error(logits, labels)
    assert result.logits.dtype == np.float32
    assert np.allclose(result.logits, forward(result.weights, tiny_data.test_images), rtol=0, atol=1e-5)


def test_the_last_epoch_is_scored_as_the_end(result: Result) -> None:
    for name in SCORES:
        assert result.history[name][-1] == result.final[name]


def test_the_arrays_of_the_network_are_named_by_layer_and_role(result: Result) -> None:
    assert {name: array.shape for name, array in result.weights.items()} == {
        "hidden_1/kernel": (784, 16),
        "hidden_1/bias": (16,),
        "logits/kernel": (16, 10),
        "logits/bias": (10,),
    }
    assert {array.dtype for array in result.weights.values()} == {np.dtype(np.float32)}


def test_the_loss_is_the_mean_over_the_images_as_the_weights_move(
    tiny_run: MakeRun, tiny_data: Replicate
) -> None:
    run = tiny_run(optimizer={"name": "sgd", "learning_rate": 1e-30}, epochs=1)  # which never move
    result = train(run, tiny_data)
    assert result.history["loss"][0] == pytest.approx(result.history["train_cross_entropy"][0], abs=1e-6)


def test_wrong_labels_are_trained_on_and_scored(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    wrong = replace(tiny_data, train_labels=(tiny_data.train_labels + 1) % 10)
    result = train(tiny_run(epochs=30), wrong)
    predicted = forward(result.weights, tiny_data.train_images)
    assert error(predicted, wrong.train_labels) < 0.1
    assert result.final["train_error"] == error(predicted, wrong.train_labels)


def test_nothing_is_held_out_where_nothing_is_asked_for(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    blind = replace(
        tiny_data,
        validation_images=tiny_data.validation_images[:0],
        validation_labels=tiny_data.validation_labels[:0],
    )
    result = train(tiny_run(validation_size=0), blind)
    assert set(result.history) == {"loss", "train_cross_entropy", "train_error"}
    assert not {name for name in result.final if "validation" in name or "best" in name}


def test_without_curves_only_the_end_is_scored(
    tiny_run: MakeRun, tiny_data: Replicate, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[int] = []
    predict = Engine.predict

    def seen(engine: Engine, images: Any) -> np.ndarray:
        scored.append(len(images))
        return predict(engine, images)

    monkeypatch.setattr(Engine, "predict", seen)
    plain = train(tiny_run(curves=False), tiny_data)
    assert scored == [200, 100, 150]
    assert list(plain.history) == ["loss"]
    assert np.array_equal(plain.history["loss"], result.history["loss"])
    assert np.array_equal(plain.logits, result.logits)
    for name, values in result.weights.items():
        assert np.array_equal(plain.weights[name], values), name
    assert plain.final == {name: value for name, value in result.final.items() if name != "best_epoch"}


def test_what_stops_early_is_scored_after_every_epoch(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    """Its callback looks at the scores, whether or not anybody asks for curves."""
    stopping = {"early_stopping": {"patience": 1}}
    with_curves, without = (
        train(tiny_run(regularizers=stopping, curves=curves), tiny_data) for curves in (True, False)
    )
    assert set(without.history) == {"loss", *SCORES}
    assert identical(with_curves, without)


def test_the_class_of_processor_is_told(result: Result) -> None:
    assert result.processor == machine.processor() != ""


def test_the_test_set_is_scored_once_at_the_end(
    tiny_run: MakeRun, tiny_data: Replicate, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[int] = []  # how many images at a time: 200 of train, 100 of validation, 150 of test
    predict = Engine.predict

    def seen(engine: Engine, images: Any) -> np.ndarray:
        scored.append(len(images))
        return predict(engine, images)

    monkeypatch.setattr(Engine, "predict", seen)
    result = train(tiny_run(), tiny_data)
    epochs = len(result.history["loss"])
    assert scored == [200, 100] * (epochs + 1) + [150]  # after every epoch, and the final weights


def test_more_images_than_a_chunk_are_scored_in_their_order(
    tiny_run: MakeRun, tiny_data: Replicate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.training.engine.CHUNK", 64)  # 150 = 64 + 64 + 22
    result = train(tiny_run(setting="chunks"), tiny_data)
    assert result.logits.shape == (150, 10)
    assert np.allclose(result.logits, forward(result.weights, tiny_data.test_images), rtol=0, atol=1e-5)


# ---- the same bits again ----


@pytest.mark.parametrize("parts", [{}, NOISY], ids=["baseline", "noisy"])
@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_equal_runs_give_equal_bits_whatever_ran_before(
    tiny_run: MakeRun, tiny_data: Replicate, parts: dict[str, Any], name: str
) -> None:
    optimizer = {"name": name, "learning_rate": 0.01, "momentum": 0.9}
    run = tiny_run(regularizers=parts, optimizer=optimizer)
    first = train(run, tiny_data)
    assert identical(train(run, tiny_data), first)  # the graph and its state are used again
    train(tiny_run(regularizers=parts, optimizer=optimizer, init_seed=7, noise_seed=8), tiny_data)
    train(tiny_run(regularizers={"early_stopping": {"patience": 1}}), tiny_data)
    assert identical(train(run, tiny_data), first)
    trainer._engine.cache_clear()
    assert identical(train(run, tiny_data), first)  # traced afresh


@pytest.mark.parametrize("field", ["init_seed", "order_seed", "noise_seed"])
def test_every_seed_matters(tiny_run: MakeRun, tiny_data: Replicate, field: str) -> None:
    one = train(tiny_run(regularizers=NOISY), tiny_data)
    other = train(tiny_run(regularizers=NOISY, **{field: 77}), tiny_data)
    assert not np.array_equal(one.logits, other.logits)


def test_a_run_that_stopped_early_does_not_stop_the_next(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    optimizer = {"name": "adam", "learning_rate": 0.05}
    stopping = tiny_run(regularizers={"early_stopping": {"patience": 1}}, optimizer=optimizer, epochs=40)
    first = train(stopping, tiny_data)
    assert first.final["epochs"] < 40
    assert identical(train(stopping, tiny_data), first)
