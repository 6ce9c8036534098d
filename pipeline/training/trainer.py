"""One run, from its plan and its data to its result."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from pipeline.datasets.prepared import Replicate
from pipeline.datasets.seeds import batch_order
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.regularizers import Regularizer
from pipeline.science import scores
from pipeline.system import machine
from pipeline.training import models
from pipeline.training.engine import Engine
from pipeline.training.live import Report
from pipeline.training.shift import CovariateShift

# One thread a worker: these networks are too small to share, and a fixed order of additions is what
# makes equal keys give equal bits.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


@dataclass(frozen=True)
class _Part:
    """Images (n, ...) scaled to [0, 1], and labels (n,), as tensors."""

    images: tf.Tensor
    labels: tf.Tensor

    @classmethod
    def of(cls, images: np.ndarray, labels: np.ndarray) -> _Part:
        return cls(tf.constant(images, tf.float32) / 255.0, tf.constant(labels, tf.int32))


def train(run: Run, data: Replicate, report: Report | None = None) -> Result:
    """Train `run` on `data`, score train and validation, and the test set once at the end.

    Train and validation are scored after every epoch where the run is `scored`, else after the last; a trial
    is not scored on the test set. Scores are unpenalised and in inference mode. The training labels are those
    trained on, wrong ones included. `report` is given what is known after every epoch.
    """
    begun = time.perf_counter()
    image_shape = data.train_images.shape[1:]
    active = models.regularizers(run)
    graph, learning_rate = _graph(run, active)
    engine = _engine(graph, image_shape, data.classes)
    fresh = models.build(run, active, image_shape, data.classes)
    engine.reset(fresh, learning_rate, models.batch_layers(run, active))
    parts = {"train": _Part.of(data.train_images, data.train_labels)}
    if len(data.validation_labels):
        parts["validation"] = _Part.of(data.validation_images, data.validation_labels)
    seen = parts["train"].images, parts["train"].labels, functools.partial(_order, run)
    shifts = (
        [CovariateShift(*seen, run.batch_size, run.shift_every, engine.batch_layers)]
        if run.shift_every
        else []
    )
    callbacks = [callback for regularizer in active for callback in regularizer.callbacks()]

    def score() -> dict[str, float]:
        scored = _scores(engine, parts) if run.scored else {}
        return scored | {name: value for shift in shifts for name, value in shift.means().items()}

    ready = time.perf_counter()
    history = engine.fit(
        *seen,
        epochs=run.epochs,
        score=score,
        callbacks=[*callbacks, *shifts, *([_reporter(report)] if report else [])],
    )
    trained = time.perf_counter()
    final = _scores(engine, parts)
    logits = np.empty((0, data.classes), np.float32)
    if run.trial is None:  # a trial never sees the test set
        logits = engine.predict(_Part.of(data.test_images, data.test_labels).images)
        final |= scores.of("test", logits, data.test_labels)
    final["epochs"] = len(history)
    if "validation_cross_entropy" in history[0]:
        losses = np.array([row["validation_cross_entropy"] for row in history])
        final["best_epoch"] = 1 + int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    return Result(
        run=run,
        history={name: np.array([row[name] for row in history]) for name in history[0]},
        final=final,
        processor=machine.processor(),
        logits=logits,
        weights={models.weight_name(v): v.numpy() for v in engine.model.weights},
        seconds={
            "setup": ready - begun,
            "training": trained - ready,
            "scoring": time.perf_counter() - trained,
        },
    )


def _reporter(report: Report) -> keras.callbacks.Callback:
    return keras.callbacks.LambdaCallback(on_epoch_end=report)


def _order(run: Run, epoch: int) -> np.ndarray:
    return batch_order(run.order_seed, epoch, run.train_size)


def _scores(engine: Engine, parts: Mapping[str, _Part]) -> dict[str, float]:
    scored: dict[str, float] = {}
    for name, part in parts.items():
        scored |= scores.of(name, engine.predict(part.images), part.labels.numpy())
    return scored


def _graph(run: Run, active: Sequence[Regularizer]) -> tuple[Run, float | None]:
    """Return the run without what its graph does not depend on, and the learning rate to give that graph.

    A schedule is a part of the graph, and so are the number of steps in it: then there is no such rate.
    """
    names = ("setting", "variant", "question", "label", "code")
    outside = ("validation_size", "label_noise", "shift_every", "curves")
    graph = run.condition.model_copy(update=dict.fromkeys(names, "") | dict.fromkeys(outside, 0))
    rate = models.optimizer(run, active).get_config()["learning_rate"]
    if not isinstance(rate, float):
        return graph, None
    plain = run.optimizer.model_copy(update={"learning_rate": 1.0})
    return graph.model_copy(update={"train_size": 0, "epochs": 0, "optimizer": plain}), rate


@functools.lru_cache(maxsize=16)  # a graph takes a third of a second to trace, and a few megabytes
def _engine(graph: Run, image_shape: tuple[int, ...], classes: int) -> Engine:
    active = models.regularizers(graph)
    return Engine(
        models.build(graph, active, image_shape, classes),
        models.loss(active),
        models.optimizer(graph, active),
        graph.batch_size,
        models.batch_layers(graph, active),
    )
