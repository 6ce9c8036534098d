"""What runs cost, about: how networks and counts weigh, and who asks for what."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import plan
from pipeline.networks import discover
from pipeline.plan import Candidate, Run, cost
from tests.asking import dense

MakeRun = Callable[..., Run]


def test_dense_layers_multiply_as_matrices_do() -> None:
    made: Any = discover()["dense"]
    made = made(hidden=[128, 128], activation="relu")
    assert made.work((28, 28)) == 784 * 128 + 128 * 128


def test_a_convolution_multiplies_at_every_pixel() -> None:
    made: Any = discover()["conv"]
    made = made(filters=[8, 16], kernel=3, dense=64, activation="relu")
    slowly = 28 * 28 * 1 * 8 * 9 + 14 * 14 * 8 * 16 * 9
    assert made.work((28, 28)) == 3 * slowly + 7 * 7 * 16 * 64
    assert made.work((28, 28, 3)) == made.work((28, 28)) + 3 * 28 * 28 * 2 * 8 * 9


def test_a_run_costs_its_start_and_every_pass(tiny_run: MakeRun) -> None:
    fields: dict[str, Any] = {
        "network": dense(128),
        "train_size": 1000,
        "validation_size": 2000,
        "curves": False,
    }
    few, many = (tiny_run(epochs=epochs, **fields) for epochs in (10, 40))
    a_pass = cost.PASS + 784 * 128 * cost.MULTIPLIED
    assert plan.seconds(many) - plan.seconds(few) == pytest.approx(30 * 1000 * a_pass)
    assert plan.seconds(few) == pytest.approx(cost.START + 10 * 1000 * a_pass)
    scored = tiny_run(epochs=10, **fields | {"curves": True})
    assert plan.seconds(scored) == pytest.approx(cost.START + 10 * 1300 * a_pass)


def test_a_run_that_two_ask_for_counts_with_the_first(
    tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"START": 0, "PASS": 1, "MULTIPLIED": 0, "SCORED": 0}.items():
        monkeypatch.setattr(cost, name, value)

    def runs(*keys: str, **fields: str) -> list[Candidate]:
        return [Candidate(trials=[], runs=[tiny_run(key=k, train_size=10, epochs=1, **fields) for k in keys])]

    asked = {
        "first": {"a": runs("1", "2", "3", setting="small"), "b": runs("3", "4", question="choice")},
        "second": {"c": runs("5", setting="noisy"), "d": runs("5", "6", setting="small", question="choice")},
    }
    rows = list(plan.budget(asked.values()))
    assert rows == [("small", 1, 3, 30.0), ("noisy", 1, 1, 10.0), ("choice", 2, 2, 20.0)]
    everything = {**asked["first"], **asked["second"]}
    assert (sum(row[2] for row in rows), sum(row[3] for row in rows)) == plan.expected(everything)
