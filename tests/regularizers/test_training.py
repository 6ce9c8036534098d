"""What acts on the training: label smoothing and early stopping."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.regularizers.label_smoothing import LabelSmoothing
from pipeline.training.trainer import train
from tests.regularizers import building

MakeRun = Callable[..., Run]

LABELS = np.array([2, 0, 1], np.int32)
LOGITS = np.array([[1.0, -2.0, 0.5, 0.0], [3.0, 3.0, -1.0, 2.0], [-5.0, 0.0, 5.0, 1.0]], np.float32)


def smoothed(smoothing: float) -> float:
    """Mean cross-entropy of the softmax of LOGITS against smoothed LABELS."""
    shifted = LOGITS.astype(np.float64)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    targets = (1 - smoothing) * np.eye(4)[LABELS] + smoothing / 4
    return float(-(targets * log_p).sum(axis=1).mean())


@given(smoothing=st.floats(0.001, 0.999))
def test_label_smoothing_is_cross_entropy_against_shared_labels(smoothing: float) -> None:
    loss = LabelSmoothing(smoothing=smoothing).loss()
    assert float(loss(LABELS, LOGITS)) == pytest.approx(smoothed(smoothing), rel=1e-5)


def test_without_it_the_loss_is_cross_entropy(tiny_run: MakeRun) -> None:
    assert float(building.loss(tiny_run())(LABELS, LOGITS)) == pytest.approx(smoothed(0.0), rel=1e-5)
    run = tiny_run(regularizers={"label_smoothing": {"smoothing": 0.3}})
    assert float(building.loss(run)(LABELS, LOGITS)) == pytest.approx(smoothed(0.3), rel=1e-5)


def test_smoothing_is_in_the_loss_and_not_in_the_scores(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    still = {"name": "sgd", "learning_rate": 1e-30}
    parts = {"label_smoothing": {"smoothing": 0.3}}
    plain, result = (
        train(tiny_run(regularizers=mix, optimizer=still, epochs=1), tiny_data) for mix in ({}, parts)
    )
    assert result.final == plain.final
    assert result.history["loss"][0] != pytest.approx(plain.history["loss"][0], abs=1e-3)


# ---- early stopping ----


@pytest.fixture(scope="module")
def fast(tiny_run: MakeRun, tiny_data: Replicate) -> Callable[..., Result]:
    """Train so fast that the validation loss soon rises again."""

    def run(regularizers: dict[str, Any], epochs: int) -> Result:
        optimizer = {"name": "adam", "learning_rate": 0.02}
        return train(tiny_run(regularizers=regularizers, optimizer=optimizer, epochs=epochs), tiny_data)

    return run


def test_it_stops_after_patience_and_restores_the_best_weights(fast: Callable[..., Result]) -> None:
    result = fast({"early_stopping": {"patience": 3}}, 60)
    curve = result.history["validation_cross_entropy"].tolist()
    best = 1 + curve.index(min(curve))
    assert result.final["best_epoch"] == best
    assert result.final["epochs"] == len(curve) == best + 3 < 60
    assert result.final["validation_cross_entropy"] == min(curve)
    # It is the network that was there after the best epoch, bit by bit.
    expected = fast({}, best)
    for name, array in result.weights.items():
        assert np.array_equal(array, expected.weights[name])
    assert np.array_equal(result.logits, expected.logits)


def test_the_best_weights_are_restored_also_when_it_never_fired(fast: Callable[..., Result]) -> None:
    stopped = fast({"early_stopping": {"patience": 3}}, 60)
    epochs, best = int(stopped.final["epochs"]) - 1, int(stopped.final["best_epoch"])
    result = fast({"early_stopping": {"patience": 50}}, epochs)
    assert result.final["epochs"] == epochs > best
    assert np.array_equal(result.logits, fast({}, best).logits)


def test_the_curves_are_those_of_the_baseline_until_it_stops(fast: Callable[..., Result]) -> None:
    stopped, plain = fast({"early_stopping": {"patience": 3}}, 60), fast({}, 60)
    epochs = int(stopped.final["epochs"])
    for name, values in stopped.history.items():
        assert np.array_equal(values, plain.history[name][:epochs])
