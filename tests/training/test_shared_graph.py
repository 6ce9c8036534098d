"""Runs that differ only in learning rate, epochs or the data share a graph, and keep their own bits."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.training import trainer
from pipeline.training.trainer import train
from tests.asking import dense
from tests.training.test_trainer import NOISY, identical

MakeRun = Callable[..., Run]
OUTSIDE: dict[str, dict[str, Any]] = {
    "learning rate": {"optimizer": {"name": "sgd", "learning_rate": 0.3, "momentum": 0.9}},
    "epochs": {"epochs": 1},
    "train size": {"train_size": 150},
}


@pytest.mark.parametrize("changes", OUTSIDE.values(), ids=list(OUTSIDE))
def test_another_run_on_the_graph_has_the_bits_of_one_alone(
    tiny_run: MakeRun, tiny_data: Replicate, changes: dict[str, Any]
) -> None:
    size = changes.get("train_size", 200)
    data = replace(
        tiny_data,
        train_images=tiny_data.train_images[:size],
        train_labels=tiny_data.train_labels[:size],
    )
    same = {"regularizers": NOISY, "optimizer": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9}}
    run = tiny_run(**same | changes)
    trainer._engine.cache_clear()
    alone = train(run, data)
    trainer._engine.cache_clear()
    first = train(tiny_run(**same), tiny_data)
    assert identical(train(run, data), alone)
    assert trainer._engine.cache_info().currsize == 1
    assert identical(train(tiny_run(**same), tiny_data), first)  # and back
    assert trainer._engine.cache_info().currsize == 1


def test_another_width_has_a_graph_of_its_own(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    trainer._engine.cache_clear()
    for hidden in ([16], [8]):
        train(tiny_run(network=dense(*hidden), epochs=1), tiny_data)
    assert trainer._engine.cache_info().currsize == 2
