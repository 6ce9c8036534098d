"""Keras callbacks under the engine, against the same callbacks under `keras.Model.fit`."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import pytest

from pipeline.datasets.images import Images
from pipeline.system.errors import UserError
from pipeline.training.optimizers import FusedAdam, FusedSGD
from tests.training import conv

Logs = dict[str, float] | None
Call = tuple[str, tuple[int, ...], dict[str, float]]
RATE = 0.1


@pytest.fixture(scope="module")
def data(mnist: Images) -> conv.Data:
    return conv.Data(mnist)


class Both:
    """The same network trained by `fit` and by the engine, each with callbacks of its own."""

    def __init__(
        self,
        data: conv.Data,
        make: Callable[[], list[keras.callbacks.Callback]],
        epochs: int,
        rate: float = RATE,
        validate: bool = True,
    ) -> None:
        self.fitted = conv.network()
        self.fit_callbacks, self.engine_callbacks = make(), make()
        self.fit_rows = conv.by_fit(
            self.fitted, keras.optimizers.SGD(rate, 0.9), data, epochs, self.fit_callbacks, validate
        )
        self.engine = conv.engine_of(conv.network(), FusedSGD(rate, 0.9))
        self.engine_rows = conv.by_engine(self.engine, data, epochs, self.engine_callbacks, validate)

    def assert_same_weights(self) -> None:
        """As in test_engine: gradient descent leaves the same bits."""
        for one, other in zip(self.fitted.get_weights(), self.engine.model.get_weights(), strict=True):
            assert np.abs(one - other).max() < 1e-6


def test_early_stopping_stops_at_the_same_epoch_with_the_same_weights(data: conv.Data) -> None:
    def make() -> list[keras.callbacks.Callback]:
        return [keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)]

    # So large a rate that the loss turns soon.
    both = Both(data, make, epochs=40)
    assert 3 < len(both.fit_rows) == len(both.engine_rows) < 40
    losses = [row["val_loss"] for row in both.fit_rows]
    assert both.fit_callbacks[0].best_epoch == both.engine_callbacks[0].best_epoch == int(np.argmin(losses))
    assert int(np.argmin(losses)) == len(losses) - 3  # so that something is restored
    both.assert_same_weights()


class Rates(keras.callbacks.Callback):
    """Notes the learning rate with which every epoch begins."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self.seen.append(float(self.model.optimizer.learning_rate))


def halved(epoch: int, rate: float) -> float:
    return rate / 2 if epoch else rate


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.callbacks.LearningRateScheduler(halved),
        lambda: keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=0.3),
    ],
    ids=["schedule", "plateau"],
)
def test_the_learning_rate_changes_alike(
    data: conv.Data, make: Callable[[], keras.callbacks.Callback]
) -> None:
    both = Both(data, lambda: [make(), Rates()], epochs=5)
    assert both.engine_callbacks[1].seen == both.fit_callbacks[1].seen
    assert len(set(both.fit_callbacks[1].seen)) >= 3  # it did change, more than once
    both.assert_same_weights()


class Diary(keras.callbacks.Callback):
    """Notes the calls for epochs: the hook, where the training stands, and the logs it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def note(self, hook: str, *place: int, logs: Logs) -> None:
        self.calls.append((hook, place, dict(logs or {})))

    def on_train_begin(self, logs: Logs = None) -> None:
        self.note("on_train_begin", logs=logs)

    def on_train_end(self, logs: Logs = None) -> None:
        self.note("on_train_end", logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self.note("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.note("on_epoch_end", epoch, logs=logs)


class BatchDiary(Diary):
    """Notes the calls for batches as well."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self.note("on_train_batch_begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.note("on_train_batch_end", batch, logs=logs)


class OldBatchDiary(Diary):
    """Notes batches by the hooks' other names."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self.note("on_batch_begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.note("on_batch_end", batch, logs=logs)


def assert_same_calls(engine: Sequence[Call], fit: Sequence[Call]) -> None:
    """The same hooks at the same places; the losses differ by `fit`'s float32 means (measured: 2e-7)."""
    assert [call[:2] for call in engine] == [call[:2] for call in fit]
    for (hook, place, logs), (_, _, expected) in zip(engine, fit, strict=True):
        assert logs == pytest.approx(expected, rel=0, abs=1e-6), (hook, place)


@pytest.mark.parametrize("kind", [Diary, BatchDiary, OldBatchDiary])
def test_the_hooks_are_called_as_under_fit(data: conv.Data, kind: type[Diary]) -> None:
    both = Both(data, lambda: [kind()], epochs=2)
    (fit,), (engine,) = both.fit_callbacks, both.engine_callbacks
    steps = -(-conv.TRAIN // conv.BATCH)
    assert len(fit.calls) == 2 + 2 * (2 if kind is Diary else 2 + 2 * steps)
    assert engine.params == fit.params
    assert engine.model is both.engine.model
    assert_same_calls(engine.calls[:-1], fit.calls[:-1])
    assert engine.calls[-1][:2] == fit.calls[-1][:2] == ("on_train_end", ())


def test_the_last_hook_gets_the_last_row(data: conv.Data) -> None:
    both = Both(data, lambda: [Diary()], epochs=2)
    assert_same_calls(both.engine_callbacks[0].calls[-1:], both.fit_callbacks[0].calls[-1:])
    assert both.engine_callbacks[0].calls[-1][2] == both.engine_rows[-1]


def test_a_lambda_callback_gets_its_batches(data: conv.Data) -> None:
    seen: list[list[int]] = []

    def make() -> list[keras.callbacks.Callback]:
        batches: list[int] = []
        seen.append(batches)
        return [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))]

    Both(data, make, epochs=2)
    fit, engine = seen
    assert engine == fit == 2 * list(range(-(-conv.TRAIN // conv.BATCH)))


class StopAt(Diary):
    """Stops the training at the end of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        super().on_epoch_end(epoch, logs)
        if epoch == 1:
            self.model.stop_training = True


class StopInside(BatchDiary):
    """Stops the training in the middle of an epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        super().on_train_batch_end(batch, logs)
        if batch == 4:
            self.model.stop_training = True


@pytest.mark.parametrize(
    ("kind", "epochs"),
    [(StopAt, 2), (StopInside, 1)],
)
def test_a_callback_stops_the_training(data: conv.Data, kind: type[Diary], epochs: int) -> None:
    both = Both(data, lambda: [kind()], epochs=5)
    (fit,), (engine,) = both.fit_callbacks, both.engine_callbacks
    assert len(both.engine_rows) == len(both.fit_rows) == epochs
    assert_same_calls(engine.calls[:-1], fit.calls[:-1])
    both.assert_same_weights()


def test_a_callback_that_watches_what_is_not_there_is_refused(data: conv.Data) -> None:
    engine = conv.engine_of(conv.network(), FusedSGD(RATE, 0.9))
    with pytest.raises(UserError) as refused:
        conv.by_engine(engine, data, 2, [keras.callbacks.EarlyStopping(monitor="val_los")])
    expected = ", ".join(conv.by_engine(engine, data, 1)[0])
    assert str(refused.value) == f"EarlyStopping.monitor: expected one of {expected}, received 'val_los'"


def test_a_later_training_is_not_stopped_by_an_earlier_callback(data: conv.Data) -> None:
    engine = conv.engine_of(conv.network(), FusedSGD(RATE, 0.9))
    assert len(conv.by_engine(engine, data, 4, [StopAt()])) == 2
    engine.reset(conv.network())
    assert len(conv.by_engine(engine, data, 4)) == 4


def test_training_by_batches_gives_the_bits_of_training_by_epochs(data: conv.Data) -> None:
    """Also of what is random and of what moves: dropout and batch normalization."""
    results = []
    for callbacks in ([], [BatchDiary()]):
        noisy = keras.layers.Dropout(0.3, seed=7), keras.layers.BatchNormalization()
        engine = conv.engine_of(conv.network(1, *noisy), FusedAdam(0.01))
        rows = conv.by_engine(engine, data, 3, callbacks)
        # A mean of means, rounded to float64 once more.
        results.append((engine.model.variables, [row["loss"] for row in rows]))
    (epochs, losses), (batches, others) = results
    assert losses == pytest.approx(others, rel=1e-15, abs=0)
    for one, other in zip(epochs, batches, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path
