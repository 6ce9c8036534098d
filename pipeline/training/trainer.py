"""One run, from its plan and its data to its result."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from pipeline.data.prepared import Replicate
from pipeline.data.splits import batch_order
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.science.softmax import log_softmax
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

    Train and validation are scored after every epoch where `run.curves` asks for it or a regularizer's
    callback may look, else after the last; a trial is not scored on the test set. Scores are unpenalised
    and in inference mode. The training labels are those trained on, wrong ones included. `report` is given
    what is known after every epoch.
    """
    begun = time.perf_counter()
    image_shape = data.train_images.shape[1:]
    graph, learning_rate = _graph(run)
    engine = _engine(graph, image_shape, data.classes)
    engine.reset(models.build(run, image_shape, data.classes), learning_rate)
    parts = {"train": _Part.of(data.train_images, data.train_labels)}
    if len(data.validation_labels):
        parts["validation"] = _Part.of(data.validation_images, data.validation_labels)
    seen = parts["train"].images, parts["train"].labels, functools.partial(_order, run)
    shifts = [CovariateShift(*seen, run.batch_size, run.shift_every)] if run.shift_every else []
    own = models.callbacks(run)

    def score() -> dict[str, float]:
        scores = _scores(engine, parts) if run.curves or own else {}
        return scores | {name: value for shift in shifts for name, value in shift.means().items()}

    ready = time.perf_counter()
    history = engine.fit(
        *seen,
        epochs=run.epochs,
        score=score,
        callbacks=[*own, *shifts, *([_reporter(report)] if report else [])],
    )
    trained = time.perf_counter()
    final = _scores(engine, parts)
    logits = np.empty((0, data.classes), np.float32)
    if run.trial is None:  # a trial never sees the test set
        logits = engine.predict(_Part.of(data.test_images, data.test_labels).images)
        final |= _score("test", logits, data.test_labels)
    final["epochs"] = len(history)
    if "validation_cross_entropy" in history[0]:
        losses = np.array([row["validation_cross_entropy"] for row in history])
        final["best_epoch"] = 1 + int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    return Result(
        run=run,
        history={name: np.array([row[name] for row in history]) for name in history[0]},
        final=final,
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
    scores: dict[str, float] = {}
    for name, part in parts.items():
        scores |= _score(name, engine.predict(part.images), part.labels.numpy())
    return scores


def _score(part: str, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return mean cross-entropy (nats) and error of logits (n, C) against labels (n,).

    Of a network that has diverged the cross-entropy is NaN, and what it says nothing of is wrong.
    """
    finite = np.isfinite(logits).all(axis=1)
    cross_entropy = math.nan
    if finite.all():
        chosen = np.take_along_axis(log_softmax(logits), labels[:, None].astype(np.intp), axis=1)
        cross_entropy = float(-chosen.mean())
    wrong = (logits.argmax(axis=1) != labels) | ~finite
    return {f"{part}_cross_entropy": cross_entropy, f"{part}_error": float(wrong.mean())}


def _graph(run: Run) -> tuple[Run, float | None]:
    """Return the run without what its graph does not depend on, and the learning rate to give that graph.

    A schedule of a regularizer's is a part of the graph: then there is no such rate.
    """
    outside = ("train_size", "validation_size", "epochs", "label_noise", "shift_every", "curves")
    graph = run.condition.model_copy(
        update={"setting": "", "variant": "", "point": "", "code": "", **dict.fromkeys(outside, 0)}
    )
    rate = models.optimizer(run).get_config()["learning_rate"]
    if not isinstance(rate, float):
        return graph, None
    plain = run.optimizer.model_copy(update={"learning_rate": 1.0})
    return graph.model_copy(update={"optimizer": plain}), rate


@functools.lru_cache(maxsize=16)  # a graph takes a third of a second to trace, and a few megabytes
def _engine(graph: Run, image_shape: tuple[int, ...], classes: int) -> Engine:
    return Engine(
        models.build(graph, image_shape, classes),
        models.loss(graph),
        models.optimizer(graph),
        graph.batch_size,
    )
